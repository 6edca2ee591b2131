/**
 * The rate of one quorum queue alone, with events of the usual size: a publisher and a consumer in one process, each on
 * a connection of its own. Either every message is confirmed before the next is sent, and acknowledged alone, or
 * messages are sent, confirmed and acknowledged in hundreds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { connect, type ChannelModel } from 'amqplib';
import { rootFolder } from '@quadrille/operator/src/root';
import type { Load } from './kinds';

const QUEUE = 'ceiling';
/** Confirms before the measurement. */
const WARM_UP = 50;
/** Messages that are sent, and acknowledged, together. */
const BATCH = 250;
/**
 * Unacknowledged deliveries in batches; alone, each is handled before the next, as far as the broker's own pace allows.
 */
const PREFETCH = 500;

const BODY = readFileSync(join(rootFolder, 'shared-events', 'samples', 'InventoryReserved.json'));

/** Opens the queue, empty. `batch`: messages confirmed and acknowledged together, 1 for each alone. */
async function open(url: string, batch: number): Promise<Load> {
  const [publishing, consuming] = await Promise.all([connect(url, { noDelay: true }), connect(url, { noDelay: true })]);
  const out = await publishing.createConfirmChannel();
  const back = await consuming.createChannel();
  await back.deleteQueue(QUEUE);
  await back.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await back.prefetch(batch === 1 ? 1 : PREFETCH);
  let received = 0;
  let wake: () => void = () => undefined;
  await back.consume(QUEUE, (message) => {
    if (!message) return;
    received += 1;
    if (received % batch === 0) back.ack(message, batch > 1);
    wake();
  });
  return {
    warmUp: batch * WARM_UP,
    run: async (stopped) => {
      const before = received;
      let sent = 0;
      let confirmed: Promise<unknown> = Promise.resolve();
      while (!stopped(sent)) {
        const uncork = cork(publishing);
        for (let n = 0; n < batch; n++) out.publish('', QUEUE, BODY, { persistent: true });
        uncork();
        sent += batch;
        // A batch is sent while the next one is prepared, as in the product.
        const previous = confirmed;
        confirmed = out.waitForConfirms();
        confirmed.catch(() => undefined); // awaited below, or in the next turn
        await (batch === 1 ? confirmed : previous);
      }
      await confirmed;
      while (received < before + sent) await new Promise<void>((resolve) => (wake = resolve));
      return sent;
    },
    close: async () => {
      await back.deleteQueue(QUEUE);
      await Promise.all([publishing.close(), consuming.close()]);
    },
  };
}

/** Writes everything that is published in one turn to the socket at once, as the product does. */
function cork(connection: ChannelModel): () => void {
  // amqplib's types leave out its socket, which is there.
  const { stream } = connection.connection as unknown as { readonly stream: Socket };
  stream.cork();
  // amqplib writes its frames to the socket one turn after they were published.
  return () =>
    setImmediate(() =>
      setImmediate(() => {
        stream.uncork();
      }),
    );
}

/** Opens the load with a confirm and an ack for each message. */
export const oneByOne = (url: string): Promise<Load> => open(url, 1);

/** Opens the load with confirms and acks in hundreds. */
export const inHundreds = (url: string): Promise<Load> => open(url, BATCH);
