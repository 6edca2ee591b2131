/**
 * Effects: what a committed state asked for in the world outside (charge, refund, send mail). They run outside any
 * transaction, and their result goes back to the service's table as a message. Nothing waits in memory for a
 * turn: neither a consumer nor the sweeper takes a new batch while too many are running. When the process dies, so do
 * they; the state that asked for them is committed, and its sweeper asks again.
 */
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import type { RequestedEffect } from '../contract/decision';
import { loggedReason } from '../telemetry/error-reason';

/** Effects running at once; with a gateway that takes its full 2 s, this bounds the service to 500 charges a second. */
export const EFFECTS_MAX = 1_000;

/** Runs effects. */
export interface EffectRunner<Effect> {
  readonly perform: (effects: readonly RequestedEffect<Effect>[]) => void;
  /** Resolves when fewer than `max` are running: a further batch may ask for effects. */
  capacity(max: number): Promise<void>;
  /** Resolves when none is running. */
  idle(): Promise<void>;
  running(): number;
}

/** Creates a runner. A rejected `run` is logged and counted: the sweeper asks for the effect again. */
export function createEffectRunner<Effect extends { readonly type: string }>(options: {
  readonly run: (requested: RequestedEffect<Effect>) => Promise<void>;
  readonly log: Pick<Logger, 'warn'>;
  readonly metrics: ServiceMetrics;
}): EffectRunner<Effect> {
  const { run, log, metrics } = options;
  let running = 0;
  let waiters: (() => void)[] = [];

  const finished = () => {
    running -= 1;
    const woken = waiters;
    waiters = [];
    for (const waiter of woken) waiter();
  };

  const start = async (requested: RequestedEffect<Effect>) => {
    const { type } = requested.effect;
    try {
      await run(requested);
      metrics.effects.inc({ type, result: 'done' });
    } catch (error) {
      metrics.effects.inc({ type, result: 'failed' });
      log.warn(
        { ...loggedReason(error), effect: type, order_id: requested.key },
        'an effect failed; it is asked for again when it is overdue',
      );
    } finally {
      finished();
    }
  };

  const until = async (reached: () => boolean) => {
    while (!reached()) await new Promise<void>((resolve) => waiters.push(resolve));
  };

  return {
    perform: (effects) => {
      running += effects.length;
      for (const requested of effects) void start(requested);
    },
    capacity: (max) => until(() => running < max),
    idle: () => until(() => running === 0),
    running: () => running,
  };
}
