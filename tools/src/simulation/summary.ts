/** A run and what is kept of it. */
import type { Scenario } from './plan';
import type { RunSummary } from './report';
import { simulate, type RunOptions } from './run';
import { situations } from './tally';

/** Runs a scenario and sums it up. */
export async function summarize(scenario: Scenario, options: RunOptions = {}): Promise<RunSummary> {
  const { digest, breaches, tally, situations: counted, steps, virtualMs } = await simulate(scenario, options);
  return {
    seed: scenario.seed,
    orders: scenario.orders,
    digest,
    breaches,
    statuses: Object.fromEntries(tally.statuses),
    charges: tally.charges,
    refunds: tally.refunds,
    notifications: tally.notifications,
    steps,
    virtualMs,
    situations: Object.fromEntries(situations.map((situation) => [situation, counted.of(situation)])),
  };
}
