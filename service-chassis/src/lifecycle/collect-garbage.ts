/**
 * V8 collects garbage when it allocates: after a burst, an idle process keeps what the burst took. Four services on a
 * small machine have better uses for it, so each gives it back once, when it has become idle.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long a process must have been idle. */
const IDLE_INTERVAL_MS = 10_000;

/** A process that takes less than this share of a processor is idle: timers and health checks take a hundredth. */
const IDLE_CPU_SHARE = 0.05;

const US_PER_MS = 1_000;

/** Starts to watch; holds nothing open. The pause of one collection, some 50 ms, meets an idle process only. */
export function collectWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  // The documented way to reach the collector without a command-line flag; it takes no arguments and returns nothing.
  const collect = runInNewContext('gc') as () => void;
  let before = process.cpuUsage();
  let busy = true;
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if (user + system > IDLE_CPU_SHARE * IDLE_INTERVAL_MS * US_PER_MS) busy = true;
    else if (busy) {
      busy = false;
      collect();
    }
  }, IDLE_INTERVAL_MS).unref();
}
