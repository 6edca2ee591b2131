/** Trying again what fails for a reason that will pass. */
import { backoffMs, pause } from './backoff';

/** Pauses while the database or the broker is away. */
const RETRY = { firstMs: 100, maxMs: 5_000 };

/** How much patience a caller has with what fails for a reason that will pass. */
export interface Patience {
  /** Whether another try is wanted after so many failures; asked before each try, the first one included. */
  readonly shouldContinue: (failures: number) => boolean;
  /** Told after each failure how many there were. */
  readonly onFailure: (failures: number) => void;
}

/** The caller's patience is at its end: its deliveries come back on another channel. */
export class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
}

/**
 * Tries `work` again, with growing pauses, while `willPass` says so of its errors; `report` is told of each. Rejects
 * with AbandonedError when the patience is at its end, and with any other error at once.
 */
export async function retry<Result>(
  work: () => Promise<Result>,
  willPass: (error: unknown) => boolean,
  report: (error: unknown, failures: number) => void,
  patience: Patience,
): Promise<Result> {
  for (let failures = 0; ; failures++) {
    if (!patience.shouldContinue(failures)) throw new AbandonedError();
    try {
      return await work();
    } catch (error) {
      if (!willPass(error)) throw error;
      report(error, failures);
      patience.onFailure(failures + 1);
      await pause(backoffMs(failures, RETRY));
    }
  }
}
