import type { Bench } from '../systems/bench';
import type { Figures } from '../measure/figures';
import { measure } from '../measure/run';
import type { Subject } from '../systems/subject';
import type { Scale, Scenario } from './scenario';

/** Customers who order at once, each on a connection of their own. */
export const CONNECTIONS = 64;

/** Places orders as fast as the responses come. */
export async function runBurst(bench: Bench, subject: Subject, { orders, quick }: Scale): Promise<Figures> {
  const { figures } = await measure(bench, subject, {
    job: { kind: 'plain', orders, connections: CONNECTIONS },
    quick,
  });
  return figures;
}

/** The burst, against the product. */
export const burst: Scenario = {
  name: 'burst',
  about: 'all orders as fast as they are answered, over 64 connections',
  run: (bench, scale) => runBurst(bench, bench.product.subject, scale),
};

/** The same burst, against the baseline. */
export const baseline: Scenario = {
  name: 'baseline',
  about: 'the same burst, against the saga as tutorials write it',
  run: async (bench, scale) => runBurst(bench, await bench.baseline(), scale),
};
