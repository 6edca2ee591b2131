import { measure } from '../measure/run';
import { CONNECTIONS } from './burst';
import type { Scenario } from './scenario';

/** Orders of the backlog for each of the burst. */
const TIMES = 10;

/** Orders arrive while payment-service is down; the rate counts from its return. */
export const backlog: Scenario = {
  name: 'backlog',
  about: 'ten bursts arrive while payment-service is down; orders/s from its start to the last order settled',
  roundsMax: 1,
  run: async (bench, { orders, quick }) => {
    const payment = bench.product.service('payment');
    await payment.stop();
    const { figures } = await measure(bench, bench.product.subject, {
      job: { kind: 'plain', orders: orders * TIMES, connections: CONNECTIONS },
      quick,
      afterPosted: () => {
        payment.start();
        return Promise.resolve();
      },
    });
    return figures;
  },
};
