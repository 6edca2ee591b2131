/**
 * V8 collects garbage when it allocates: after a burst, an idle process keeps what the burst took. Four services on a
 * small machine have better uses for it, so each gives it back once, when it has become idle.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long a process must have been idle. */
const IDLE_INTERVAL_MS = 10_000;

/** A process whose event loop is busy for less than this share of the time is idle: timers and health checks take less. */
const IDLE_UTILIZATION = 0.05;

/** Starts to watch; holds nothing open. The pause of one collection, some 50 ms, meets an idle process only. */
export function collectWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  // The documented way to reach the collector without a command-line flag; it takes no arguments and answers nothing.
  const collect = runInNewContext('gc') as () => void;
  let before = performance.eventLoopUtilization();
  let busy = true;
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > IDLE_UTILIZATION) busy = true;
    else if (busy) {
      busy = false;
      collect();
    }
  }, IDLE_INTERVAL_MS).unref();
}
