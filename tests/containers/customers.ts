/** Customers who order through published ports while containers die. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openShop, RefusedError } from '@quadrille/operator/src/demo/client';
import type { Addresses } from '@quadrille/operator/src/start/addresses';

/** Customers who order at once. */
const CUSTOMERS = 24;

/** A customer's pause before the next attempt, in milliseconds. */
const RETRY_MS = 100;

/** At most one retry: three failures in a row would take seven seconds. */
const METHODS = ['tok_success', 'tok_success', 'tok_success', 'tok_success', 'tok_decline', 'tok_flaky_1'];

/**
 * Places `count` orders, each repeated with its own idempotency key until it is accepted; every tenth is cancelled at
 * once. `halfway` is called and awaited in the middle. Resolves with the ids.
 */
export async function placeOrders(
  addresses: Addresses,
  count: number,
  halfway: () => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const shop = openShop(addresses);
  const placed: string[] = [];
  let next = 0;
  let disturbed: Promise<unknown> | undefined;
  const place = async (customerId: string, n: number): Promise<string> => {
    const headers = { 'idempotency-key': randomUUID() };
    const items = [{ product_id: 'acorn-sticker', quantity: 1 + (n % 3) }];
    for (;;) {
      try {
        const payment_method = METHODS[n % METHODS.length] ?? 'tok_success';
        return (await shop.place({ customer_id: customerId, items, payment_method }, headers)).order_id;
      } catch (error) {
        if (error instanceof RefusedError && error.status < 500) throw error;
        await pause(RETRY_MS);
      }
    }
  };
  const customer = async (_: unknown, index: number): Promise<void> => {
    while (next < count) {
      const n = next++;
      const orderId = await place(`customer-${String(index)}`, n);
      placed.push(orderId);
      // The order may be settled, or the service down.
      if (n % 10 === 0) await shop.cancel(orderId).catch(() => undefined);
      if (placed.length > count / 2) disturbed ??= halfway();
    }
  };
  await Promise.all(Array.from({ length: CUSTOMERS }, customer));
  await disturbed;
  return placed;
}
