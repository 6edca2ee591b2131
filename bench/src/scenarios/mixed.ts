import { measure } from '../measure/run';
import { CONNECTIONS } from './burst';
import type { Scenario } from './scenario';

/** Orders with all outcomes, mixed. The flaky ones wait a second for their retry, which ends the run. */
export const mixed: Scenario = {
  name: 'mixed',
  about: '5 % declined, 10 % flaky, 5 % out of stock, 5 % cancelled, one to five lines',
  run: async (bench, { orders, quick }) => {
    const job = { kind: 'mixed', orders, connections: CONNECTIONS } as const;
    const { figures, settled } = await measure(bench, bench.product.subject, { job, quick });
    return { ...figures, statuses: settled.statuses };
  },
};

/** Orders of a hundred lines: a twentieth of the burst, five times its lines. */
export const bigOrders: Scenario = {
  name: 'big-orders',
  about: 'orders of 100 lines',
  run: async (bench, { orders, quick }) => {
    const job = { kind: 'big', orders: Math.ceil(orders / 20), connections: CONNECTIONS } as const;
    return (await measure(bench, bench.product.subject, { job, quick })).figures;
  },
};
