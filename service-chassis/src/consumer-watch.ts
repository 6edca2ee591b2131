/**
 * Notices that the broker has forgotten a consumer. Usually it says so (a cancel, a closed channel); when the process of a
 * quorum queue has died, as it does of a full disk, nobody is left who could: the channel stays open, the service calls
 * itself ready, and nothing is ever delivered again. A consumer that receives nothing therefore asks now and then.
 */
import type { Channel } from 'amqplib';
import type { OpenChannel } from './broker-link';

/** How often a consumer that received nothing asks: often enough for the healing time of 30 s, and no load for the broker. */
const ASK_INTERVAL_MS = 10_000;

/** A busy broker that is late with its answer says that there are no consumers, too: only the second time in a row counts. */
const UNKNOWN_MAX = 2;

/** The watch of one channel. */
export interface ConsumerWatch {
  /** Something was delivered: the broker knows the consumer. */
  readonly delivered: () => void;
  /** Asks no more. */
  readonly stop: () => void;
}

/** Watches the consumer of `queue` on an open channel; gives the channel up when the queue has no consumer at all. */
export function watchConsumer(
  { channel, abandon }: Pick<OpenChannel<Channel>, 'channel' | 'abandon'>,
  queue: string,
): ConsumerWatch {
  let heard = false;
  let asking = false;
  let unknown = 0;
  let stopped = false;

  const ask = async () => {
    asking = true;
    try {
      const { consumerCount } = await channel.checkQueue(queue);
      unknown = consumerCount > 0 || heard ? 0 : unknown + 1;
      if (unknown >= UNKNOWN_MAX && !stopped) abandon('the broker has forgotten the consumer');
    } catch {
      // The queue is not there, or the channel is gone: the link has been told.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => {
    const quiet = !heard;
    heard = false;
    if (!quiet) unknown = 0;
    else if (!asking) void ask();
    else abandon('the broker does not say whether it knows the consumer');
  }, ASK_INTERVAL_MS);

  return {
    delivered: () => {
      heard = true;
    },
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
