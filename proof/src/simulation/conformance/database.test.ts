/**
 * The laws of the database port: what the services rely on, asked of PostgreSQL and of the simulation's database
 * through the services' own stores. Both must answer the same. Long because it is one list of laws, asked of one
 * database.
 */
import { inTransaction, lockKeys, type Pool, type PoolClient, type Store } from '@quadrille/service-chassis';
import { createReservationStore } from '@quadrille/inventory-service/src/adapters/database/reservation-store';
import {
  createNotificationStore,
  overdueMails,
} from '@quadrille/notification-service/src/adapters/database/notification-store';
import { requestedOrder } from '@quadrille/order-service/src/adapters/http/place-order';
import { createOrderStore, overdueOrders } from '@quadrille/order-service/src/adapters/database/order-store';
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import { wakeOf, type Order } from '@quadrille/order-service/src/domain/order';
import { createSimulatedGateway } from '@quadrille/payment-service/src/adapters/gateway/simulated-gateway';
import { createPaymentStore } from '@quadrille/payment-service/src/adapters/database/payment-store';
import type { ShortName } from '@quadrille/operator/src/services';
import { eventually } from '@quadrille/test-kit';
import { databasesUnderTest, type DatabaseUnderTest } from './databases';

const cause = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const placement = {
  customerId: 'customer',
  items: [{ productId: 'mug', quantity: 2, unitPriceMinor: null }],
  currency: 'USD',
  paymentMethod: 'tok_visa',
};

/** An order that waits as one in its state does. */
const waits = (order: Order): Order => ({ ...order, wake: wakeOf(order) });

/** Loads, changes and saves the state of one key, as the processor does. */
const change = <State, Message>(
  pool: Pool,
  store: Store<State, Message>,
  key: string,
  message: Message,
  changed: (state: State) => NoInfer<State>,
) =>
  inTransaction(
    pool,
    async (tx) => {
      const input = { key, message, cause };
      const [, states] = await Promise.all([lockKeys(tx, [key]), store.load(tx, [input])]);
      states.put(input, changed(states.get(key)), true, []);
      return states;
    },
    (_tx, states) => states.save(),
  );

const read = <State, Message>(pool: Pool, store: Store<State, Message>, key: string, message: Message) =>
  inTransaction(pool, async (tx) => (await store.load(tx, [{ key, message, cause }])).get(key));

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  let database: DatabaseUnderTest;
  const begin = async (service: ShortName) => {
    database = await (databasesUnderTest[name]?.(service) ?? Promise.reject(new Error(name)));
    return database.pool;
  };
  afterEach(() => database.close());

  const orders = createOrderStore({ deadlineMs: 60_000, healingAfterMs: 30_000 });
  const overdue = { type: 'OrderOverdue' } as const;

  it('an order is what was saved, its version counts, and what was not committed is not there', async () => {
    const pool = await begin('order');
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
    const pool = await begin('order');
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

  it('an order that only hears again what it knows is due when it was; one that moves or is nudged is due later', async () => {
    const pool = await begin('order');
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
    const pool = await begin('order');
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
    const pool = await begin('order');
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

  it('a failed write undoes its transaction, though a COMMIT follows, and the connection is as good as before', async () => {
    const pool = await begin('order');
    const [first, second] = [requestedOrder(placement, 'same'), requestedOrder(placement, 'same')];
    await change(pool, orders, first.orderId, overdue, () => first);
    const other = requestedOrder(placement, null);
    const failed = inTransaction(
      pool,
      async (tx) => {
        const inputs = [other, second].map(({ orderId: key }) => ({ key, message: overdue, cause }));
        const states = await orders.load(tx, inputs);
        inputs.forEach((input, index) => {
          states.put(input, [other, second][index], true, []);
        });
        return states;
      },
      (_tx, states) => states.save(),
    );
    await expect(failed).rejects.toMatchObject({ code: '23505' });
    expect(await read(pool, orders, other.orderId, overdue)).toBeUndefined();
    await change(pool, orders, other.orderId, overdue, () => other);
    expect(await read(pool, orders, other.orderId, overdue)).toMatchObject({ orderId: other.orderId });
  });

  it('who holds a key is waited for, also when there is no row, and what he committed is seen', async () => {
    const pool = await begin('order');
    const order = requestedOrder(placement, null);
    const said: string[] = [];
    const holder = await pool.connect();
    await holder.query('BEGIN');
    await lockKeys(holder, [order.orderId, 'b', 'a']);
    const waiting = change(pool, orders, order.orderId, overdue, (state: OrderState) => {
      said.push(`saw ${state?.status ?? 'nothing'}`);
      return state && { ...state, status: 'CANCELLED' as const };
    });
    const states = await orders.load(holder, [{ key: order.orderId, message: overdue, cause }]);
    states.put({ key: order.orderId, message: overdue, cause }, order, true, []);
    await Promise.all(states.save());
    said.push('commits');
    await holder.query('COMMIT');
    holder.release();
    await waiting;
    expect(said).toEqual(['commits', 'saw PENDING']);
  });

  it('a connection that ends gives back its locks and undoes what it wrote', async () => {
    const pool = await begin('order');
    const order = requestedOrder(placement, null);
    const dying = await pool.connect();
    await dying.query('BEGIN');
    await lockKeys(dying, [order.orderId]);
    const states = await orders.load(dying, [{ key: order.orderId, message: overdue, cause }]);
    states.put({ key: order.orderId, message: overdue, cause }, order, true, []);
    await Promise.all(states.save());
    dying.release(true);
    let seen: OrderState = order;
    await change(pool, orders, order.orderId, overdue, (state) => {
      seen = state;
      return order;
    });
    expect(seen).toBeUndefined();
  });

  it('two who wait for each other: one is told of a deadlock', async () => {
    const pool = await begin('order');
    const [a, b]: readonly [PoolClient, PoolClient] = [await pool.connect(), await pool.connect()];
    await Promise.all([a.query('BEGIN'), b.query('BEGIN')]);
    await Promise.all([lockKeys(a, ['1']), lockKeys(b, ['2'])]);
    const results = await Promise.allSettled(
      [lockKeys(a, ['2']), lockKeys(b, ['1'])].map((locking, index) =>
        locking.finally(() => (index === 0 ? a : b).query('ROLLBACK')),
      ),
    );
    a.release();
    b.release();
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toMatchObject({ code: '40P01' });
  });

  it('a reservation and its stock are saved together', async () => {
    const pool = await begin('inventory');
    const store = createReservationStore(30_000);
    const message = { type: 'ReservationOverdue' } as const;
    await change(pool, store, 'order-1', message, (state) => ({
      ...state,
      reservation: {
        orderId: 'order-1',
        customerId: 'customer',
        status: 'RESERVED' as const,
        reason: null,
        items: [{ productId: 'mug', quantity: 1, unitPriceMinor: 5 }],
        totalMinor: 5,
        currency: 'USD',
        paymentMethod: 'tok_visa',
        nudges: 0,
        wake: { kind: 'nudge' as const, doublings: 0 },
        clock: { nudgeDue: false, stale: false },
      },
    }));
    expect((await read(pool, store, 'order-1', message)).reservation).toEqual({
      orderId: 'order-1',
      customerId: 'customer',
      status: 'RESERVED' as const,
      reason: null,
      items: [{ productId: 'mug', quantity: 1, unitPriceMinor: 5 }],
      linesAtFault: null,
      totalMinor: 5,
      currency: 'USD',
      paymentMethod: 'tok_visa',
      nudges: 0,
      wake: { kind: 'kept' },
      clock: { nudgeDue: false, stale: false },
    });
  });

  it('a payment keeps the moment at which it wakes until it is told another', async () => {
    const pool = await begin('payment');
    const store = createPaymentStore(0);
    const message = { type: 'PaymentOverdue' } as const;
    await change(pool, store, 'order-1', message, (payment) => ({
      ...payment,
      customerId: 'customer',
      status: 'CHARGING' as const,
      amountMinor: 5,
      currency: 'USD',
      method: 'tok_visa',
      attempt: 1,
      wake: { kind: 'after' as const, ms: 0 },
    }));
    await change(pool, store, 'order-1', message, (payment) => ({ ...payment, stopWanted: true }));
    const kept = await read(pool, store, 'order-1', message);
    expect(kept).toMatchObject({ stopWanted: true, attempt: 1, clock: { due: true, stale: true } });
    await change(pool, store, 'order-1', message, (payment) => ({
      ...payment,
      status: 'SUCCEEDED' as const,
      wake: null,
    }));
    expect(await read(pool, store, 'order-1', message)).toMatchObject({
      paymentId: kept.paymentId,
      clock: { due: false },
    });
  });

  it('the bank charges once, refunds once, and what was voided stays so', async () => {
    const pool = await begin('payment');
    const bank = createSimulatedGateway({ pool, successRate: 1, latencyMs: [0, 0] });
    const request = { key: 'c1', reference: 'o1', amountMinor: 5, currency: 'USD', method: 'tok_success' };
    expect(await Promise.all([bank.charge(request), bank.charge(request)])).toEqual(['charged', 'charged']);
    expect(await bank.resolve('c1', 'o1')).toBe('charged');
    expect(await bank.resolve('c2', 'o2')).toBe('void');
    expect(await bank.charge({ ...request, key: 'c2', reference: 'o2' })).toBe('declined');
    expect([await bank.refund('r1', 'c1'), await bank.refund('r1', 'c1')]).toEqual(['refunded', 'refunded']);
    expect(await bank.refund('r2', 'c2')).toBe('unreachable');
  });

  it('a customer is told once of each kind', async () => {
    const pool = await begin('notification');
    const store = createNotificationStore({ mail: false, firstPauseMs: 1_000 });
    const message = { type: 'MailSent', kind: 'CONFIRMED' } as const;
    const told = {
      customerId: 'c',
      subject: 's',
      message: 'm',
      channel: 'log',
      attempts: 0,
      sent: true,
      wake: null,
      overdue: false,
    } as const;
    for (const kind of ['CONFIRMED', 'COMPLETED'] as const)
      await change(pool, store, 'order-1', message, (state) => ({
        ...state,
        told: new Map(state.told).set(kind, { ...told, kind }),
      }));
    const state = await read(pool, store, 'order-1', message);
    expect([...state.told.keys()].sort()).toEqual(['COMPLETED', 'CONFIRMED']);
    expect(state.told.get('CONFIRMED')).toMatchObject({
      ...told,
      kind: 'CONFIRMED',
      message: undefined,
      wake: { kind: 'kept' },
    });
  });

  it('a mail that is not out is due when it was, whatever else its customer is told', async () => {
    const pool = await begin('notification');
    const soon = createNotificationStore({ mail: true, firstPauseMs: 0 });
    const late = createNotificationStore({ mail: true, firstPauseMs: 30_000 });
    const message = { type: 'MailOverdue', kind: 'CONFIRMED' } as const;
    const wake = { kind: 'nudge', doublings: 0 } as const;
    const written = { customerId: 'c', subject: 's', message: 'm', channel: 'smtp' } as const;
    const mail = { ...written, attempts: 1, sent: false, wake } as const;
    const tell = (store: typeof soon, kind: 'CONFIRMED' | 'COMPLETED') =>
      change(pool, store, 'order-1', message, (state) => ({
        ...state,
        told: new Map(state.told).set(kind, { ...mail, kind, overdue: false }),
      }));
    await tell(soon, 'CONFIRMED');
    await tell(late, 'COMPLETED');
    expect(await overdueMails(pool, 10)).toMatchObject([{ message }]);
  });
});
