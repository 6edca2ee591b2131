import { measure, SETTLE_WITHIN_MS } from '../measure/run';
import { untilSettled } from '../measure/settle';
import { startReplicas } from '../systems/replicas';
import { CONNECTIONS } from './burst';
import type { Scenario } from './scenario';

/** The burst with several processes of every service; the customers use all of them alike. */
const replicas = (count: number): Scenario => ({
  name: `replicas-${String(count)}`,
  about: `the burst with ${String(count)} processes of every service`,
  run: async (bench, { orders, quick }) => {
    const { subject } = bench.product;
    const more = await startReplicas(bench.product, count - 1);
    try {
      const orderUrls = [subject.addresses.order, ...more.orderUrls];
      const job = { kind: 'plain', orders, connections: CONNECTIONS } as const;
      // New processes compile their code first.
      await bench.customers.place({ ...job, orders: Math.ceil(orders / 10), orderUrls });
      await untilSettled(subject, SETTLE_WITHIN_MS);
      return (await measure(bench, subject, { job, orderUrls, quick })).figures;
    } finally {
      await more.stop();
    }
  },
});

/** Two and three processes of every service. */
export const replicaScenarios: readonly Scenario[] = [2, 3].map(replicas);
