import type { Bench } from '../bench';
import { plantOrders } from '../systems/age';
import { runBurst } from './burst';
import type { Scenario } from './scenario';

/** Settled orders in the tables for each order of the burst: 2,000,000 at full scale. */
const AGED = 200;

/** Where the orders were planted already. */
const aged = new WeakSet<Bench>();

/** The burst again, in tables that have seen years. */
export const age: Scenario = {
  name: 'age',
  about: 'the burst with 200 times as many settled orders in the tables',
  last: true,
  run: async (bench, scale) => {
    if (!aged.has(bench)) await plantOrders(bench.product.subject, scale.orders * AGED);
    aged.add(bench);
    return runBurst(bench, bench.product.subject, scale);
  },
};
