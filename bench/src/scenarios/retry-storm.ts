import type { Bench } from '../systems/bench';
import { measure } from '../measure/run';
import { CONNECTIONS } from './burst';
import type { Scenario } from './scenario';

/** The rate of good orders during the storm, and how long it is held: the retries of a payment take seven seconds. */
const RATE = 50;
const FLOW_S = 6;
const WARM_UP_S = 1;
const WAITING_CONNECTIONS = 128;

/** Places as many orders as the burst, all with a bank that is unavailable: each payment waits for three retries. */
async function storm(bench: Bench, orders: number): Promise<void> {
  const { subject } = bench.product;
  const job = { kind: 'unavailable', orders, connections: CONNECTIONS } as const;
  await bench.customers.place({ ...job, orderUrls: [subject.addresses.order] });
}

/** Good orders at a steady rate while payments wait for their retries. */
export const retryStorm: Scenario = {
  name: 'retry-storm',
  about: 'good orders at 50 a second while the payments of a whole burst wait for their retries',
  run: async (bench, { orders }) => {
    await storm(bench, orders);
    const [warmUp, flow] = [RATE * WARM_UP_S, RATE * FLOW_S];
    const times = { orders: warmUp + flow, perSecond: RATE, warmUp };
    const job = { kind: 'plain', ...times, wait: true, connections: WAITING_CONNECTIONS } as const;
    return (await measure(bench, bench.product.subject, { job, quick: true, amongOthers: true })).figures;
  },
};

/** A burst of good orders while payments wait for their retries. */
export const retryStormBurst: Scenario = {
  name: 'retry-storm-burst',
  about: 'a burst of good orders while the payments of another one wait for their retries',
  run: async (bench, { orders }) => {
    await storm(bench, orders);
    const job = { kind: 'plain', orders, connections: CONNECTIONS } as const;
    return (await measure(bench, bench.product.subject, { job, quick: true, amongOthers: true })).figures;
  },
};
