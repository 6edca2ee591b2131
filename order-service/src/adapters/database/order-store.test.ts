/** What the store keeps of an order, on the real database. */
import { inTransaction, openPool, type Pool } from '@quadrille/service-chassis';
import { createTestDatabase, type TestDatabase } from '@quadrille/test-kit';
import { createOrderStore } from './order-store';
import type { OrderState } from '../../domain/decide';
import { newOrder } from '../../domain/new-order';

let testDatabase: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  testDatabase = await createTestDatabase('order-service');
  pool = openPool(testDatabase.url, 1, 'order-service', () => undefined);
});
afterAll(async () => {
  await pool.end();
  await testDatabase.drop();
});

const store = createOrderStore({ deadlineMs: 60_000, healingAfterMs: 30_000 });
const items = [{ productId: 'mug', quantity: 2, unitPriceMinor: null }];
const order = newOrder(
  { customerId: 'c', items, currency: 'USD', paymentMethod: 'tok_visa' },
  { orderId: 'order-1', requestHash: 'hash', idempotencyKey: null },
);
const input = { key: order.orderId, message: { type: 'OrderOverdue' }, cause: {} } as const;
const time = '2026-11-21T12:00:00.000Z';
let published = 0;

/** Saves these states in turn, each with the event that it published; returns the order as it is loaded again. */
const save = (...states: readonly ((before: OrderState) => OrderState)[]) =>
  inTransaction(pool, async (tx) => {
    const set = await store.load(tx, [input]);
    for (const next of states) {
      const before = set.get(order.orderId);
      const after = next(before);
      set.put(input, after, after !== before, [{ id: `event-${String(published++)}`, type: 'OrderCancelled', time }]);
    }
    await Promise.all(set.save());
    return (await store.load(tx, [input])).get(order.orderId);
  });

test('an order that is nudged and repeats itself for weeks keeps a timeline of 200 entries, and every move', async () => {
  await save(() => ({ ...order, status: 'CANCELLED' }));
  const nudge = (before: OrderState) => before && { ...before, nudges: before.nudges + 1 };
  const full = await save(...Array.from({ length: 300 }, () => nudge));
  expect(full).toMatchObject({ nudges: 300, record: { version: 2 } });
  expect(full?.record?.timeline).toHaveLength(200);

  const repeated = await save((before) => before);
  expect(repeated?.record).toEqual(full?.record);

  const moved = await save((before) => before && { ...before, payment: 'over', nudges: 0 });
  expect(moved?.record?.timeline).toHaveLength(201);
  expect(moved?.record?.timeline.at(-1)?.id).toBe('event-302');
});
