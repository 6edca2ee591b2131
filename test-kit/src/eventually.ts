/** Waiting for what happens by itself, without sleeping for a guessed time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Pause between two looks. */
const LOOK_INTERVAL_MS = 20;

/** How long something may take unless the test says otherwise: far longer than it does on a slow machine. */
const DEADLINE_MS = 15_000;

/**
 * Looks again and again until `look` answers without throwing, and answers what it answered. After `deadlineMs` it throws
 * what `look` threw last, so that a failing test shows the expectation that was not met.
 */
export async function eventually<Result>(
  look: () => Result | Promise<Result>,
  deadlineMs = DEADLINE_MS,
): Promise<Result> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(LOOK_INTERVAL_MS);
    }
  }
}
