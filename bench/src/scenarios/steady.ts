import { measure } from '../measure/run';
import type { Scale, Scenario } from './scenario';

/** Rates in orders a second: from a quiet shop to more than two cores can handle. */
const RATES = [50, 200, 500, 1_000, 1_500] as const;

/** How long a rate is held at full scale, and how long before its latency counts, in seconds. */
const HOLD_S = 20;
const WARM_UP_S = 3;
/** The burst of full scale; a smaller one makes everything shorter. */
const FULL_SCALE = 10_000;
/** How long a rate is held at any scale, at least, in seconds. */
const HOLD_MIN_S = 4;

/** Requests wait for their response, so there must be as many connections as concurrent orders. */
const CONNECTIONS = 512;

/** How long a rate is held, in seconds. */
const holdSeconds = ({ orders }: Scale): number => Math.max(HOLD_MIN_S, (HOLD_S * orders) / FULL_SCALE);

/** Orders at a steady rate, independent of the responses. */
const steady = (perSecond: number): Scenario => ({
  name: `steady-${String(perSecond)}`,
  about: `${String(perSecond)} orders a second, each answered when it is CONFIRMED`,
  run: async (bench, scale) => {
    const warmUp = perSecond * WARM_UP_S;
    const orders = warmUp + Math.round(perSecond * holdSeconds(scale));
    const job = { kind: 'plain', orders, perSecond, wait: true, warmUp, connections: CONNECTIONS } as const;
    return (await measure(bench, bench.product.subject, { job, quick: scale.quick })).figures;
  },
});

/** One scenario for each rate. */
export const steadies: readonly Scenario[] = RATES.map(steady);
