/**
 * Lets a scheduler run along with the real clock, so that the same test can be run on the simulated and on the real
 * thing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { world, type Scheduler } from '../engine/scheduler';

/** Starts it. Returns what stops it. */
export function runInRealTime(scheduler: Scheduler): () => Promise<void> {
  const startedMs = performance.now();
  const stopping = new AbortController();
  const isDue = (elapsedMs: number) =>
    !stopping.signal.aborted && (scheduler.next() ?? Number.POSITIVE_INFINITY) <= elapsedMs;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const elapsedMs = performance.now() - startedMs;
      // Virtual time passes also while nothing happens.
      scheduler.after(elapsedMs - scheduler.now(), world, () => undefined);
      while (isDue(elapsedMs)) {
        scheduler.step();
        await turn();
      }
      await turn();
    }
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}
