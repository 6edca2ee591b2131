/** Customers who order through published ports, whatever dies meanwhile. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openShop, RefusedError } from '@quadrille/operator/src/demo/client';
import type { Addresses } from '@quadrille/operator/src/start/addresses';

/** Customers who order at once. */
const CUSTOMERS = 24;

/** What a customer pauses before asking again. */
const RETRY_MS = 100;

/** One retry at most: a draw of three failures in a row would keep everybody waiting for seven seconds. */
const METHODS = ['tok_success', 'tok_success', 'tok_success', 'tok_success', 'tok_decline', 'tok_flaky_1'];

/**
 * Places `count` orders, each under a key of its own until it is answered, and every tenth is cancelled right away. `halfway` happens in the
 * middle of it and is waited for. Answers the ids.
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
      if (n % 10 === 0) await shop.cancel(orderId).catch(() => undefined); // it may be over, or nobody there to ask
      if (placed.length > count / 2) disturbed ??= halfway();
    }
  };
  await Promise.all(Array.from({ length: CUSTOMERS }, customer));
  await disturbed;
  return placed;
}
