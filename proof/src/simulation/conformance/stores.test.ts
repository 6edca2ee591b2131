/**
 * How the other three services keep their state, and the bank its charges: asked of PostgreSQL and of the simulation's
 * database, which must do the same.
 */
import { createReservationStore } from '@quadrille/inventory-service/src/adapters/database/reservation-store';
import {
  createNotificationStore,
  overdueMails,
} from '@quadrille/notification-service/src/adapters/database/notification-store';
import { createSimulatedGateway } from '@quadrille/payment-service/src/adapters/gateway/simulated-gateway';
import { createPaymentStore } from '@quadrille/payment-service/src/adapters/database/payment-store';
import { databasePerTest, databasesUnderTest } from './databases';
import { change, read } from './saved-state';

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('a reservation and its stock are saved together', async () => {
    const { pool } = await open('inventory');
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
    const { pool } = await open('payment');
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
});

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);

  it('the bank charges once, refunds once, and what was voided stays so', async () => {
    const { pool } = await open('payment');
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
    const { pool } = await open('notification');
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
    const { pool } = await open('notification');
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
