/** Waiting for an order to change: woken at once by a commit of this process, by the clock for those of other replicas. */
import { pause } from '@quadrille/service-chassis';

/** How often a waiter looks without having been woken. */
const LOOK_INTERVAL_MS = 1_000;

/** Requests that may wait at once (streams and `Prefer: wait`): each holds a socket and asks the database once a second. */
const WAITING_MAX = 1_000;

/** Where requests wait for orders. */
export interface Watch {
  /** Wakes whoever follows one of these keys. */
  readonly notify: (keys: readonly string[]) => void;
  /** Takes a place among those who may wait; undefined when there is none left. */
  follow(orderId: string): Follower | undefined;
}

/** One request that follows one order. */
export interface Follower {
  /** Resolves when the order may have changed since the last call, after at most `ms`, or when the signal aborts. */
  changed(ms: number, signal: AbortSignal): Promise<void>;
  /** Gives the place back. */
  readonly leave: () => void;
}

/** Creates a watch. */
export function createWatch(): Watch {
  const followers = new Map<string, Set<() => void>>();
  let places = WAITING_MAX;

  const follow = (orderId: string): Follower => {
    // Raised by a commit, also while the follower is busy reading: nothing is missed between two calls.
    let news = new AbortController();
    const wake = () => {
      news.abort();
    };
    followers.set(orderId, (followers.get(orderId) ?? new Set()).add(wake));
    return {
      changed: async (ms, signal) => {
        await pause(Math.min(ms, LOOK_INTERVAL_MS), AbortSignal.any([news.signal, signal]));
        news = new AbortController();
      },
      leave: () => {
        const others = followers.get(orderId);
        if (others?.delete(wake) !== true) return;
        if (others.size === 0) followers.delete(orderId);
        places += 1;
      },
    };
  };

  return {
    notify: (keys) => {
      for (const key of keys) for (const wake of followers.get(key) ?? []) wake();
    },
    follow: (orderId) => {
      if (places === 0) return undefined;
      places -= 1;
      return follow(orderId);
    },
  };
}
