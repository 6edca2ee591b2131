import { plantOrders } from '../systems/age';
import { runBurst } from './burst';
import type { Scenario } from './scenario';

/** Settled orders in the tables for each order of the burst: 2,000,000 at full scale. */
const AGED = 200;

/** The burst again, in tables with years of orders. */
export const age: Scenario = {
  name: 'age',
  about: 'the burst with 200 times as many settled orders in the tables',
  roundsMax: 1,
  last: true,
  run: async (bench, scale) => {
    await plantOrders(bench.product.subject, scale.orders * AGED);
    // As if the planted rows had been written long ago. An administrator of a user's own server may lack the
    // permission.
    await bench.product.admin.query('CHECKPOINT').catch(() => undefined);
    return runBurst(bench, bench.product.subject, scale);
  },
};
