/** What the checker counts while it goes through the orders. */
import type { OrderFacts } from './facts';

/** Counts over orders. */
export interface Tally {
  orders: number;
  readonly statuses: Map<string, number>;
  charges: number;
  refunds: number;
  notifications: number;
}

/** Nothing counted. */
export const emptyTally = (): Tally => ({ orders: 0, statuses: new Map(), charges: 0, refunds: 0, notifications: 0 });

/** Counts one order. */
export function count(tally: Tally, { order, charges, refunds, notifications }: OrderFacts): void {
  if (order) {
    tally.orders += 1;
    tally.statuses.set(order.status, (tally.statuses.get(order.status) ?? 0) + 1);
  }
  tally.charges += charges.length;
  tally.refunds += refunds.length;
  tally.notifications += notifications.length;
}
