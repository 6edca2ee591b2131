/**
 * A queue of the test's own on the events' exchanges: it collects events, or takes the only copy of a message in a
 * hearer's place.
 */
import { parseEvent, type DomainEvent } from '@quadrille/shared-events';
import { connect, type Channel, type ChannelModel } from 'amqplib';

/** A received message; `event` is set when it is one, and not for timers. */
export interface Heard {
  readonly event: DomainEvent | undefined;
  readonly orderId: unknown;
  readonly routingKey: string;
}

/** A session with the broker as its administrator. */
export interface Spy {
  readonly channel: Channel;
  /** Everything heard so far, in the order of arrival. */
  readonly heard: readonly Heard[];
  /** Adds a binding to the spy's queue. */
  readonly listen: (exchange: string, routingKey: string) => Promise<void>;
  readonly ignore: (exchange: string, routingKey: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a spy in a virtual host. Its queue is deleted when it is closed. */
export async function openSpy(adminUrl: string): Promise<Spy> {
  const connection: ChannelModel = await connect(adminUrl);
  connection.on('error', () => undefined); // the call that it broke fails as well
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const heard: Heard[] = [];
  await channel.consume(
    queue,
    (delivery) => {
      if (!delivery) return;
      const parsed = parseEvent(delivery.content);
      heard.push({
        event: parsed.ok ? parsed.event : undefined,
        orderId: delivery.properties.correlationId,
        routingKey: delivery.fields.routingKey,
      });
    },
    { noAck: true },
  );
  return {
    channel,
    heard,
    listen: async (exchange, routingKey) => {
      await channel.bindQueue(queue, exchange, routingKey);
    },
    ignore: async (exchange, routingKey) => {
      await channel.unbindQueue(queue, exchange, routingKey);
    },
    close: () => connection.close(),
  };
}
