/**
 * Following an order: told at once by a commit of this process, told by the clock to look for those of other replicas.
 */
import { setMaxListeners } from 'node:events';
import type { OrderState } from '../../domain/decide';
import { toStored, type StoredOrder } from '../database/stored-order';

/** How often a follower looks without having been told. */
const LOOK_INTERVAL_MS = 1_000;

/**
 * Requests that may follow at once (streams and `Prefer: wait`): each holds a socket and asks the database once a
 * second.
 */
const FOLLOWERS_MAX = 1_000;

/**
 * The signal that tells every follower that the service stops. Each of them listens to it while it waits, so Node's
 * warning about a leak (from eleven on, on stderr, in the middle of the JSON log) is due only beyond as many as there
 * can be.
 */
export function createClosing(): AbortController {
  const closing = new AbortController();
  setMaxListeners(FOLLOWERS_MAX, closing.signal);
  return closing;
}

/** Where requests wait for orders. */
export interface Watch {
  /** Tells whoever follows one of these orders. */
  readonly notify: (orders: readonly OrderState[]) => void;
  /** Takes a place among those who may follow; undefined when there is none left. */
  follow(orderId: string): Follower | undefined;
}

/** One request that follows one order. */
export interface Follower {
  /**
   * The order as it was last committed here since the last call; undefined after at most `ms`, or when the signal
   * aborts: look for yourself.
   */
  next(ms: number, signal: AbortSignal): Promise<StoredOrder | undefined>;
  /** Gives the place back. */
  readonly leave: () => void;
}

type Tell = (order: StoredOrder) => void;

/** Creates a watch. */
export function createWatch(): Watch {
  const followers = new Map<string, Set<Tell>>();
  let places = FOLLOWERS_MAX;

  const follow = (orderId: string): Follower => {
    // News that come while the follower is busy wait for its next call: nothing is missed in between.
    let news: StoredOrder | undefined;
    let wake: (() => void) | undefined;
    const tell: Tell = (order) => {
      news = order;
      wake?.();
    };
    followers.set(orderId, (followers.get(orderId) ?? new Set<Tell>()).add(tell));
    return {
      next: async (ms, signal) => {
        if (!news && !signal.aborted) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.min(ms, LOOK_INTERVAL_MS));
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
            signal.addEventListener('abort', wake);
          });
          if (wake) signal.removeEventListener('abort', wake);
          wake = undefined;
        }
        const latest = news;
        news = undefined;
        return latest;
      },
      leave: () => {
        const others = followers.get(orderId);
        if (others?.delete(tell) !== true) return;
        if (others.size === 0) followers.delete(orderId);
        places += 1;
      },
    };
  };

  return {
    notify: (orders) => {
      if (followers.size === 0) return;
      for (const order of orders) {
        const tells = order && followers.get(order.orderId);
        if (tells) for (const tell of tells) tell(toStored(order));
      }
    },
    follow: (orderId) => {
      if (places === 0) return undefined;
      places -= 1;
      return follow(orderId);
    },
  };
}
