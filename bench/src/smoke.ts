/** Twenty seconds for every change: whether the product has lost half of its lead over the baseline. */
import type { Plan } from './rounds';
import { baseline, burst } from './scenarios/burst';

/** Enough orders for a ratio that repeats within a fifth; the baseline needs its time for each. */
const ORDERS = 1_500;

/** Below this share of the ratio on record the run fails: far below what a busy machine does to both alike. */
const SHARE_MIN = 0.5;

/** What a smoke run measures: a ratio, which another machine or a busy one changes far less than a rate. */
export const smokePlan: Plan = {
  scenarios: [burst, baseline],
  ceilings: false,
  rounds: 1,
  scale: { orders: ORDERS, quick: true },
};

/** Whether the ratio is good enough, and a line that says so. */
export function judgeSmoke(recorded: number, measured: number): { readonly good: boolean; readonly line: string } {
  const good = measured >= recorded * SHARE_MIN;
  const times = (ratio: number) => `${ratio.toFixed(1)} times`;
  const least = times(recorded * SHARE_MIN);
  return {
    good,
    line: `  ${good ? '✓' : '✗'} burst: ${times(measured)} the baseline's orders/s (on record ${times(recorded)}, at least ${least})`,
  };
}
