/** Waiting for what happens by itself. */
import { setTimeout as pause } from 'node:timers/promises';

/** Pause between two looks. */
const LOOK_INTERVAL_MS = 50;

/** Looks again and again until `look` does not throw, and answers what it answered; after `withinMs` throws what it threw last. */
export async function eventually<Result>(look: () => Result | Promise<Result>, withinMs: number): Promise<Result> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(LOOK_INTERVAL_MS);
    }
  }
}
