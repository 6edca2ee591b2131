/** Waits for something that happens in the background, without sleeping for a guessed time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Pause between two looks, in milliseconds. */
const LOOK_INTERVAL_MS = 20;

/** How long something may take unless the test says otherwise, in milliseconds: far longer than on a slow machine. */
const DEADLINE_MS = 15_000;

/**
 * Calls `look` until it does not throw, and resolves with what it returned. After `deadlineMs` it rejects with the last
 * error, so that a failing test shows the expectation that was not met.
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
