/**
 * The sweeper: brings states that are overdue by the database's clock back to a decision, and has what is no longer
 * needed deleted.
 */
import { backoffMs, pause } from '../timing/backoff';
import { isTransient } from '../database/transient';
import type { Input } from '../contract/decision';
import { OverloadedError } from './batcher';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import { loggedReason } from '../telemetry/error-reason';

/** How often a service looks for what is overdue. */
const SWEEP_INTERVAL_MS = 1_000;

/** Overdue states taken at once; and nudges that a process sends in a second, see below. */
const SWEEP_BATCH = 50;

/**
 * The outcome of a decision that asked another service again because no answer came. A hundred thousand orders that
 * wait for a service which was down are not lost, they are in its queue: asked for again, each would be handled several
 * times over, and the service never come to the end of it. After a batch with a nudge in it the sweeper therefore takes
 * its time.
 */
const NUDGED = 'nudged';

/** How often it looks for what can be deleted: what is deleted is small and has time. */
const PURGE_INTERVAL_MS = 3_600_000;

/** Pauses when the database is away. */
const SWEEP_BACKOFF = { firstMs: 500, maxMs: 10_000 };

/** Pauses of a state that cannot be decided: others are overdue too. */
const FAILING_BACKOFF = { firstMs: 1_000, maxMs: 300_000 };

/**
 * States that cannot be decided and are remembered; beyond it the fault is general, and looking past them is no help.
 */
const FAILING_MAX = 1_000;

interface Failing {
  readonly failures: number;
  readonly notBeforeMs: number;
}

/** A running sweeper. */
export interface Sweeper {
  stop(): Promise<void>;
}

/**
 * Starts to sweep. `overdue` returns at most `limit` inputs; deciding one must move it out of the next result. One
 * whose decision fails is tried again after a growing pause, and asked for on top of the batch meanwhile: it holds up
 * no other. `purge` deletes a bounded number of rows and returns whether there may be more.
 */
export function startSweeper<Message>(options: {
  readonly overdue: (limit: number) => Promise<readonly Input<Message>[]>;
  readonly submit: (input: Input<Message>) => Promise<{ readonly outcome: string; readonly changed: boolean }>;
  readonly purge: () => Promise<boolean>;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
}): Sweeper {
  const { overdue, submit, purge, log, metrics } = options;
  const stopping = new AbortController();

  let failing = new Map<string, Failing>();

  /** Decides what is overdue; returns whether to go on at once. Rejects when the infrastructure is at fault. */
  const sweepOnce = async (): Promise<boolean> => {
    const limit = SWEEP_BATCH + failing.size;
    const found = await overdue(limit);
    const inputs = found.filter(({ key }) => (failing.get(key)?.notBeforeMs ?? 0) <= performance.now());
    const results = await Promise.allSettled(inputs.map(submit));
    const still = new Map([...failing].filter(([key]) => found.some((input) => input.key === key)));
    let general: Error | undefined;
    inputs.forEach(({ key }, index) => {
      const result = results[index];
      if (result?.status !== 'rejected') {
        still.delete(key);
        return;
      }
      const reason: unknown = result.reason;
      if (reason instanceof OverloadedError || isTransient(reason)) {
        general = reason instanceof Error ? reason : new Error(String(reason));
        return;
      }
      const failures = still.get(key)?.failures ?? 0;
      log.error({ err: reason, key, failures }, 'what is overdue could not be decided');
      if (still.size >= FAILING_MAX && !still.has(key)) return;
      const notBeforeMs = performance.now() + backoffMs(failures, FAILING_BACKOFF);
      still.set(key, { failures: failures + 1, notBeforeMs });
    });
    failing = still;
    const handled = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (handled.length > 0) metrics.swept.inc(handled.length);
    if (general) throw general;
    // Unchanged is what another replica was faster with: if both went on at once, each would nudge in the other's
    // pauses.
    const isProgress = handled.some(({ changed }) => changed) && !handled.some(({ outcome }) => outcome === NUDGED);
    return found.length === limit && isProgress;
  };

  const sweep = async () => {
    let failures = 0;
    let purgeAtMs = performance.now();
    while (!stopping.signal.aborted) {
      let waitMs = SWEEP_INTERVAL_MS;
      const startedMs = performance.now();
      try {
        const more = await sweepOnce();
        if (performance.now() >= purgeAtMs) {
          purgeAtMs = performance.now() + ((await purge()) ? SWEEP_INTERVAL_MS : PURGE_INTERVAL_MS);
        }
        failures = 0;
        // However much is overdue, others have half of the time to themselves.
        if (more) waitMs = Math.min(SWEEP_INTERVAL_MS, performance.now() - startedMs);
      } catch (error) {
        waitMs = backoffMs(failures++, SWEEP_BACKOFF);
        log.warn(loggedReason(error), 'the sweeper could not look for what is overdue');
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
