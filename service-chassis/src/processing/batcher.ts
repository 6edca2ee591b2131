/**
 * The adaptive batch (group commit). While one batch is being written, what arrives is collected; then the next batch
 * starts with all of it, up to the limit. There is no timer: an idle batcher starts at once, a busy one batches by
 * itself.
 */

/** Too many items wait: the caller should refuse with 503, to be asked again later. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
}

/** Where single items go in and their results come out. */
export interface Batcher<Item, Result> {
  /** Resolves with the item's own result. Rejects with the batch's error, or with OverloadedError. */
  submit(item: Item): Promise<Result>;
  /** Resolves when nothing is waiting and nothing is being written. */
  readonly idle: () => Promise<void>;
  /** Items waiting, without those being written. */
  waiting(): number;
}

/** The bounds of a batcher, in items. */
export interface BatcherLimits {
  readonly batch: number;
  readonly waiting: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Creates a batcher. `write` gets up to `limits.batch` items and returns one result for each, in the same order; a
 * result that is an Error rejects that item alone.
 */
export function createBatcher<Item, Result>(
  limits: BatcherLimits,
  write: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
): Batcher<Item, Result> {
  let queue: Waiting<Item, Result>[] = [];
  let running: Promise<void> | undefined;

  const writeBatch = async (batch: readonly Waiting<Item, Result>[]) => {
    try {
      const results = await write(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new Error('the batch gave no result for this item'));
        else if (result instanceof Error) reject(result);
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const run = async () => {
    // What arrives in the same turn of the event loop belongs to the same batch.
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const batch = queue.slice(0, limits.batch);
      queue = queue.slice(limits.batch);
      await writeBatch(batch);
    }
    running = undefined;
  };

  return {
    submit: (item) =>
      new Promise((resolve, reject) => {
        if (queue.length >= limits.waiting) {
          reject(new OverloadedError(`more than ${String(limits.waiting)} requests are waiting to be written`));
          return;
        }
        queue.push({ item, resolve, reject });
        running ??= run();
      }),
    idle: async () => {
      while (running) await running;
    },
    waiting: () => queue.length,
  };
}
