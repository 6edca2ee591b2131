/** One channel of a link, from its opening to its end. */
import type { Channel, ChannelModel } from 'amqplib';
import { reasonOf } from '../telemetry/error-reason';
import { ending, within } from './ending';
import { CLOSE_TIMEOUT_MS, OPEN_TIMEOUT_MS, type LinkOptions, type LinkStatus } from './link-options';

/**
 * A channel that lasted this long was a good one: the next pause is short again. Longer than the longest pause, so that
 * no failure comes round faster.
 */
const HEALTHY_AFTER_MS = 10_000;

/**
 * Opens a channel on `connection`, hands it to its owner, and resolves with the reason when it has ended. Rejects when
 * it cannot be opened or its owner cannot prepare it. `lost` is the end of the connection.
 */
export async function runChannel<C extends Channel>(
  options: LinkOptions<C>,
  status: LinkStatus,
  connection: ChannelModel,
  lost: Promise<string>,
): Promise<string> {
  const { log, connectionName } = options;
  const { ended, end } = ending();
  const channel = await within(options.createChannel(connection), OPEN_TIMEOUT_MS, lost);
  const epoch = ++status.epoch;
  let openedAtMs = Number.POSITIVE_INFINITY;
  channel.on('error', (error: Error) => {
    end(`channel: ${error.message}`);
  });
  channel.on('close', () => {
    end('channel closed');
  });
  channel.on('handler-error', (error: Error) => {
    log.error({ err: error, connection: connectionName }, 'a channel listener threw');
    // What it was told is lost to its owner, and must come again: a delivery that is not handled would be acked with
    // the next.
    end(`a channel listener threw: ${reasonOf(error)}`);
  });
  try {
    const openAside = () => options.createChannel(connection);
    const prepared = Promise.resolve(options.onOpen({ channel, epoch, abandon: end, openAside }));
    await within(prepared, OPEN_TIMEOUT_MS, Promise.race([ended, lost]));
    status.open = true;
    openedAtMs = performance.now();
    status.closeChannel = () => within(channel.close(), CLOSE_TIMEOUT_MS, lost);
    log.info({ connection: connectionName, epoch }, 'connected to the broker');
    return await Promise.race([ended, lost]);
  } finally {
    status.open = false;
    if (performance.now() - openedAtMs >= HEALTHY_AFTER_MS) status.failures = 0;
    status.closeChannel = undefined;
    options.onClosed(epoch);
    channel.close().catch(() => undefined);
  }
}
