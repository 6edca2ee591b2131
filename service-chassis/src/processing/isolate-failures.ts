/** One item that cannot be handled takes no neighbour along. */
import { isTransient } from '../database/transient';
import { pause } from '../timing/backoff';
import { AbandonedError } from '../timing/retry';
import type { HandleBatch, HandleWhole } from './handle-batch';

/** How an item is tried that fails alone. */
export interface Isolation<Item> {
  /** Tries of an item alone before its error is its result. */
  readonly tries: number;
  /** Pause between two of them, in milliseconds. */
  readonly pauseMs: number;
  /** Told of each failure of an item alone. */
  readonly onFailure?: (error: Error, item: Item, tries: number) => void;
}

/** A caller is told at once: it can ask again by itself. */
export const ONCE: Isolation<unknown> = { tries: 1, pauseMs: 0 };

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/**
 * Handles a batch as a whole; when that fails for a reason that is not the infrastructure's, one item after the other.
 * Rejects when the infrastructure fails the whole batch, or when it was abandoned. When the infrastructure fails in the
 * middle, what was handled before keeps its result, and the error is that of all others: asking for each of them would
 * take as many timeouts.
 */
export function isolateFailures<Item, Result>(
  handle: HandleWhole<Item, Result>,
  { tries: triesMax, pauseMs, onFailure }: Isolation<Item>,
): HandleBatch<Item, Result> {
  const alone = async (item: Item): Promise<Result | Error> => {
    for (let tries = 1; ; tries++) {
      try {
        const [result] = await handle([item]);
        return result ?? new Error('the batch gave no result for this item');
      } catch (error) {
        if (error instanceof AbandonedError) throw error;
        if (isTransient(error)) return toError(error);
        onFailure?.(toError(error), item, tries);
        if (tries === triesMax) return toError(error);
        await pause(pauseMs);
      }
    }
  };
  return async (items) => {
    if (items.length > 1) {
      try {
        return await handle(items);
      } catch (error) {
        if (isTransient(error) || error instanceof AbandonedError) throw error;
      }
    }
    const results: (Result | Error)[] = [];
    for (const item of items) {
      const last = results.at(-1);
      results.push(isTransient(last) && last instanceof Error ? last : await alone(item));
    }
    return results;
  };
}
