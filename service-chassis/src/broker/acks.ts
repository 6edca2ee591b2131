/**
 * Acks: one for many messages. Every ack of a quorum queue is an entry of its log that is written to disk, and at a low
 * rate each message would have its own. What was handled is therefore acked together, a moment later. A process that
 * dies in that moment is sent those messages again, as it is the ones being handled; the state absorbs them.
 */
import type { Channel, ConsumeMessage } from 'amqplib';

/** Longest time that a handled message waits for its ack. */
const ACK_WITHIN_MS = 50;

/** The acks of one channel. */
export interface Acks {
  /** Everything up to `last` was handled, `count` messages since the last call. */
  handled(last: ConsumeMessage, count: number): void;
  /** Acks now what was handled. */
  readonly flush: () => void;
  /** The channel is gone: nothing can be acked on it. */
  forget(): void;
}

/**
 * Creates the acks of a channel. So many handled messages are acked at once: less than the prefetch, so that the broker
 * always has something to send.
 */
export function createAcks(channel: Channel, unackedMax: number): Acks {
  let last: ConsumeMessage | undefined;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;

  const forget = () => {
    clearTimeout(timer);
    timer = undefined;
    last = undefined;
    waiting = 0;
  };
  const flush = () => {
    const upTo = last;
    forget();
    try {
      if (upTo) channel.ack(upTo, true);
    } catch {
      // The channel closed a moment ago and its event has not reached us yet: the broker delivers them again.
    }
  };
  return {
    handled: (message, count) => {
      last = message;
      waiting += count;
      if (waiting >= unackedMax) flush();
      else timer ??= setTimeout(flush, ACK_WITHIN_MS);
    },
    flush,
    forget,
  };
}
