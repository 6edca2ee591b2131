/** A run and what is kept of it. */
import type { Scenario } from './faults/fault-plan';
import type { RunSummary } from './report';
import { simulate, type RunOptions } from './run';
import { situations } from './checkers/coverage';

/**
 * Runs a scenario and sums it up. What ends it is a finding like any other: one seed of a thousand must not hide the
 * rest.
 */
export async function summarize(scenario: Scenario, options: RunOptions = {}): Promise<RunSummary> {
  try {
    return await summed(scenario, options);
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...EMPTY, seed: scenario.seed, orders: scenario.orders, breaches: [{ rule: 'the run ended', detail }] };
  }
}

const EMPTY: Omit<RunSummary, 'seed' | 'orders' | 'breaches'> = {
  digest: '',
  statuses: {},
  charges: 0,
  refunds: 0,
  notifications: 0,
  steps: 0,
  virtualMs: 0,
  situations: {},
};

async function summed(scenario: Scenario, options: RunOptions): Promise<RunSummary> {
  const { digest, breaches, tally, coverage, steps, virtualMs } = await simulate(scenario, options);
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
    situations: Object.fromEntries(situations.map((situation) => [situation, coverage.of(situation)])),
  };
}
