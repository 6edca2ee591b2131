/** A check of twenty seconds for every change: has the product lost half of its lead over the baseline? */
import type { Plan } from './rounds';
import { baseline, burst } from './scenarios/burst';

/** Enough orders for a ratio that varies by less than a fifth; the baseline needs its time for each. */
const ORDERS = 1_500;

/**
 * The run fails below this share of the ratio on record: a busy machine affects both systems alike and costs far less.
 */
const SHARE_MIN = 0.5;

/** What a smoke run measures: a ratio, which depends far less on the machine and its load than a rate. */
export const smokePlan: Plan = {
  scenarios: [burst, baseline],
  ceilings: false,
  rounds: 1,
  scale: { orders: ORDERS, quick: true },
};

/** Returns whether the ratio is good enough, and a line that says so. */
export function judgeSmoke(recorded: number, measured: number): { readonly good: boolean; readonly line: string } {
  const good = measured >= recorded * SHARE_MIN;
  const times = (ratio: number) => `${ratio.toFixed(1)} times`;
  const least = times(recorded * SHARE_MIN);
  return {
    good,
    line: `  ${good ? '✓' : '✗'} burst: ${times(measured)} the baseline's orders/s (on record ${times(recorded)}, at least ${least})`,
  };
}
