/** Confirms: what was sent and is not yet confirmed, and how each publish ended. */

/** How a publish ended. Only `confirmed` is success. */
export type PublishResult = 'confirmed' | 'returned' | 'refused' | 'unconfirmed';

interface Sent {
  readonly onResult: (result: PublishResult) => void;
  readonly sentAtMs: number;
  returned: boolean;
}

/** What is under way to the broker, by message id. */
export interface Confirms {
  /** Notes that a message is sent; the function returned says how that ended, and counts once. */
  sent(id: string, onResult: (result: PublishResult) => void): (result: PublishResult) => void;
  has(id: string): boolean;
  /** The broker gave this message back as unroutable: its confirm, which still comes, is no success. */
  returned(id: string): void;
  /** Ends all of them as unconfirmed: their channel is gone. */
  lose(): void;
  /** When the oldest was sent, in milliseconds of the process's clock; undefined when nothing is under way. */
  oldestMs(): number | undefined;
  size(): number;
  /** Resolves when fewer than `max` are under way, or when `wake` finds it so. */
  below(max: number): Promise<void>;
  /** Has those who wait look again. */
  wake(): void;
}

/** Creates an account of confirms with nothing under way. */
export function createConfirms(): Confirms {
  const inFlight = new Map<string, Sent>();
  let waiters: (() => void)[] = [];

  const wake = () => {
    const woken = waiters;
    waiters = [];
    for (const waiter of woken) waiter();
  };
  const resolve = (id: string, entry: Sent, result: PublishResult) => {
    if (inFlight.get(id) !== entry) return;
    inFlight.delete(id);
    entry.onResult(result);
    if (waiters.length > 0) wake();
  };

  return {
    sent: (id, onResult) => {
      const entry: Sent = { onResult, sentAtMs: performance.now(), returned: false };
      inFlight.set(id, entry);
      return (result) => {
        resolve(id, entry, entry.returned && result !== 'unconfirmed' ? 'returned' : result);
      };
    },
    has: (id) => inFlight.has(id),
    returned: (id) => {
      const entry = inFlight.get(id);
      if (entry) entry.returned = true;
    },
    lose: () => {
      for (const [id, entry] of [...inFlight]) resolve(id, entry, 'unconfirmed');
    },
    // A Map keeps the order of sending: the first one is the oldest.
    oldestMs: () => inFlight.values().next().value?.sentAtMs,
    size: () => inFlight.size,
    below: async (max) => {
      while (inFlight.size >= max) await new Promise<void>((resolved) => waiters.push(resolved));
    },
    wake,
  };
}
