/**
 * What the services rely on in a database, its transactions and its locks: asked of PostgreSQL and of the simulation's
 * database through the services' own stores. Both must do the same.
 */
import { inTransaction, lockKeys, type PoolClient } from '@quadrille/service-chassis';
import { requestedOrder } from '@quadrille/order-service/src/adapters/http/place-order';
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import { databasePerTest, databasesUnderTest } from './databases';
import { cause, change, orders, overdue, placement, read } from './saved-state';

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('a failed write undoes its transaction, though a COMMIT follows, and the connection is as good as before', async () => {
    const { pool } = await open('order');
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
    const { pool } = await open('order');
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
});

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('a connection that ends gives back its locks and undoes what it wrote', async () => {
    const { pool } = await open('order');
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
    const { pool } = await open('order');
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
});
