/**
 * How the orders of order-service are kept: asked of PostgreSQL and of the simulation's database, which must do the
 * same.
 */
import { inTransaction } from '@quadrille/service-chassis';
import { requestedOrder } from '@quadrille/order-service/src/adapters/http/place-order';
import { createOrderStore, overdueOrders } from '@quadrille/order-service/src/adapters/database/order-store';
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import { eventually } from '@quadrille/test-kit';
import { databasePerTest, databasesUnderTest } from './databases';
import { cause, change, orders, overdue, placement, read, waits } from './saved-state';

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('an order is what was saved, its version counts, and what was not committed is not there', async () => {
    const { pool } = await open('order');
    const order = requestedOrder(placement, 'key-1');
    await change(pool, orders, order.orderId, overdue, () => order);
    const first = await read(pool, orders, order.orderId, overdue);
    expect(first).toMatchObject({
      ...order,
      record: { version: 1 },
      wake: { kind: 'kept' },
      clock: { stale: false, nudgeDue: false },
    });
    await change(pool, orders, order.orderId, overdue, (state) => state && { ...state, status: 'CANCELLED' as const });
    await expect(
      inTransaction(pool, async (tx) => {
        const states = await orders.load(tx, [{ key: order.orderId, message: overdue, cause }]);
        const state = states.get(order.orderId);
        states.put({ key: order.orderId, message: overdue, cause }, state && { ...state, status: 'FAILED' }, true, []);
        await Promise.all(states.save());
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const last = await read(pool, orders, order.orderId, overdue);
    expect(last).toMatchObject({ status: 'CANCELLED', record: { version: 2, createdAt: first?.record?.createdAt } });
    // By its idempotency key it is the same order.
    const byKey = await read(pool, orders, 'idempotency-key key-1', overdue);
    expect(byKey?.orderId).toBe(order.orderId);
  });

  it('an order is due when its nudge or its deadline is, and not when it is settled', async () => {
    const { pool } = await open('order');
    const due = createOrderStore({ deadlineMs: 0, healingAfterMs: 0 });
    const [late, settled, waiting] = [
      requestedOrder(placement, null),
      requestedOrder(placement, null),
      requestedOrder(placement, null),
    ];
    await change(pool, due, late.orderId, overdue, () => waits(late));
    await change(pool, due, settled.orderId, overdue, () => waits({ ...settled, status: 'CONFIRMED' }));
    await change(pool, orders, waiting.orderId, overdue, () => waits(waiting));
    expect((await overdueOrders(pool, 10)).map(({ key }) => key)).toEqual([late.orderId]);
    expect((await read(pool, due, late.orderId, overdue))?.clock).toEqual({
      deadlinePassed: true,
      nudgeDue: true,
      stale: true,
    });
  });
});

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('an order that only hears again what it knows is due when it was; one that moves or is nudged is due later', async () => {
    const { pool } = await open('order');
    const soon = createOrderStore({ deadlineMs: 60_000, healingAfterMs: 0 });
    const isDue = async () => (await overdueOrders(pool, 10)).length === 1;
    const order = requestedOrder(placement, null);
    await change(pool, soon, order.orderId, overdue, () => waits(order));
    expect(await isDue()).toBe(true);
    // Nothing but its timeline and its version: the store that saves it now would nudge after 30 s.
    await change(pool, orders, order.orderId, overdue, (state) => state && { ...state });
    expect(await isDue()).toBe(true);
    await change(pool, orders, order.orderId, overdue, (state) => state && waits({ ...state, nudges: 1 }));
    expect(await isDue()).toBe(false);
    await change(pool, soon, order.orderId, overdue, (state) => state && waits({ ...state, inventory: 'reserved' }));
    expect(await isDue()).toBe(true);
    await change(pool, orders, order.orderId, overdue, (state) => state && waits({ ...state, payment: 'processed' }));
    expect(await isDue()).toBe(false);
  });

  it('a PENDING order is due at its own deadline if that is before its nudge, whoever saves it; another is not', async () => {
    const { pool } = await open('order');
    const strict = createOrderStore({ deadlineMs: 0, healingAfterMs: 30_000 });
    const isDue = async () => (await overdueOrders(pool, 10)).length === 1;
    const order = requestedOrder(placement, null);
    await change(pool, strict, order.orderId, overdue, () => waits(order));
    expect(await isDue()).toBe(true);
    await change(pool, orders, order.orderId, overdue, (state) => state && waits({ ...state, attempts: 1 }));
    expect(await isDue()).toBe(true);
    await change(pool, orders, order.orderId, overdue, (state) => state && waits({ ...state, status: 'CANCELLED' }));
    expect(await isDue()).toBe(false);
  });

  it('a nudge leaves an order as old as it was; a move makes it young', async () => {
    const { pool } = await open('order');
    const order = requestedOrder(placement, null);
    const updatedAt = async () => (await read(pool, orders, order.orderId, overdue))?.record?.updatedAt.getTime() ?? 0;
    await change(pool, orders, order.orderId, overdue, () => waits(order));
    const first = await updatedAt();
    await change(pool, orders, order.orderId, overdue, (state) => state && waits({ ...state, nudges: 1 }));
    await change(pool, orders, order.orderId, overdue, (state) => state && { ...state });
    expect(await updatedAt()).toBe(first);
    await eventually(async () => {
      const move = (state: OrderState) => state && waits({ ...state, attempts: state.attempts + 1 });
      await change(pool, orders, order.orderId, overdue, move);
      expect(await updatedAt()).toBeGreaterThan(first);
    });
  });
});
