import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';
import { failpoint } from '../timing/failpoint';

/**
 * Gathers what is written in one turn of the event loop into one write to the socket: a batch publishes hundreds of
 * messages at once, and a system call for each costs more than the message.
 */
export function createCork(): { attach(connection: ChannelModel): void; cork(): void } {
  let socket: Socket | undefined;
  let corked = false;
  return {
    attach: (connection) => {
      // amqplib keeps its socket there but leaves it out of its types.
      socket = (connection.connection as unknown as { readonly stream?: Socket }).stream;
    },
    cork: () => {
      const current = socket;
      if (corked || !current) return;
      corked = true;
      current.cork();
      // amqplib's multiplexer hands frames to the socket one turn after they were published.
      setImmediate(() =>
        setImmediate(() => {
          corked = false;
          current.uncork();
          void failpoint('after_publish');
        }),
      );
    },
  };
}
