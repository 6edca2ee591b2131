/**
 * Notices that the broker has forgotten a consumer. Usually it says so (a cancel, a closed channel); when the process
 * of a quorum queue has died, as it does of a full disk, nothing is left that could: the channel stays open, the
 * service calls itself ready, and nothing is ever delivered again. A consumer that receives nothing therefore asks now
 * and then how many consumers its queue has. While a replica has one there, its own is not missed: nothing stays
 * undelivered.
 */
import type { Channel } from 'amqplib';
import type { OpenChannel } from './link-options';
import type { Logger } from '../telemetry/log';
import { reasonOf } from '../telemetry/error-reason';

/**
 * How often a consumer that received nothing asks: often enough for the healing time of 30 s, and no load for the
 * broker.
 */
const ASK_INTERVAL_MS = 10_000;

/**
 * A busy broker that is late with its answer says that there are no consumers, too: only the second time in a row
 * counts.
 */
const UNKNOWN_MAX = 2;

/** The watch of one channel. */
export interface ConsumerWatch {
  /** Something was delivered: the broker knows the consumer. */
  readonly delivered: () => void;
  /** Asks no more. */
  readonly stop: () => void;
}

/**
 * AMQP's ACCESS_REFUSED. RabbitMQ 4.2.6 and 4.3.0 want a permission for this question that no service has; other
 * versions do not.
 */
const REFUSED = 403;

const isRefusal = (error: unknown) => error instanceof Error && 'code' in error && error.code === REFUSED;

/**
 * Watches the consumer of `queue` on an open channel; gives the channel up when the queue has no consumer at all, or is
 * not there. Asks on a channel of its own: a refusal closes that one, and nothing is asked any more.
 */
export function watchConsumer(
  { abandon, openAside }: Pick<OpenChannel<Channel>, 'abandon' | 'openAside'>,
  queue: string,
  log: Logger,
): ConsumerWatch {
  let heard = false;
  let asking = false;
  let unknown = 0;
  let stopped = false;

  const stop = () => {
    stopped = true;
    clearInterval(timer);
  };
  const giveUp = (reason: string) => {
    if (!stopped) abandon(reason);
  };
  const ask = async () => {
    asking = true;
    let aside: Channel | undefined;
    try {
      aside = await openAside();
      // Its reasons come with the answer.
      aside.on('error', () => undefined);
      const { consumerCount } = await aside.checkQueue(queue);
      unknown = consumerCount > 0 || heard ? 0 : unknown + 1;
      if (unknown >= UNKNOWN_MAX) giveUp('the broker has forgotten the consumer');
    } catch (error) {
      if (isRefusal(error)) {
        log.info({ queue }, 'the broker does not let this service ask for its consumer: it is not watched');
        stop();
      } else giveUp(`the broker cannot say whether it knows the consumer: ${reasonOf(error)}`);
    } finally {
      asking = false;
      await aside?.close().catch(() => undefined);
    }
  };
  const timer = setInterval(() => {
    const quiet = !heard;
    heard = false;
    if (!quiet) unknown = 0;
    else if (!asking) void ask();
    else giveUp('the broker does not say whether it knows the consumer');
  }, ASK_INTERVAL_MS);

  return {
    delivered: () => {
      heard = true;
    },
    stop,
  };
}
