/** The sweeper: brings states that are overdue by the database's clock back to a decision. */
import { backoffMs, pause } from './backoff';
import type { Input } from './decision';
import type { Logger } from './log';
import type { ServiceMetrics } from './metrics';

/** How often a service looks for what is overdue. */
const SWEEP_INTERVAL_MS = 1_000;

/** Overdue states taken at once. */
const SWEEP_BATCH = 200;

/** Pauses when the database is away. */
const SWEEP_BACKOFF = { firstMs: 500, maxMs: 10_000 };

/** A running sweeper. */
export interface Sweeper {
  stop(): Promise<void>;
}

/** Starts to sweep. `overdue` answers at most SWEEP_BATCH inputs; deciding them must move them out of the next answer. */
export function startSweeper<Message>(options: {
  readonly overdue: (limit: number) => Promise<readonly Input<Message>[]>;
  readonly submit: (input: Input<Message>) => Promise<unknown>;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
}): Sweeper {
  const { overdue, submit, log, metrics } = options;
  const stopping = new AbortController();

  const sweep = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      let waitMs = SWEEP_INTERVAL_MS;
      try {
        const inputs = await overdue(SWEEP_BATCH);
        if (inputs.length > 0) {
          await Promise.all(inputs.map(submit));
          metrics.swept.inc(inputs.length);
        }
        failures = 0;
        if (inputs.length === SWEEP_BATCH) waitMs = 0;
      } catch (error) {
        waitMs = backoffMs(failures++, SWEEP_BACKOFF);
        log.warn({ err: error }, 'the sweeper could not look for what is overdue');
      }
      if (waitMs > 0) await pause(waitMs, stopping.signal);
    }
  };
  const sweeping = sweep();

  return {
    stop: async () => {
      stopping.abort();
      await sweeping;
    },
  };
}
