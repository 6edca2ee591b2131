/** When a reservation asks again, and what makes it as young as new: decided with its state, as data. */
import { decideBy } from '@quadrille/service-chassis';
import { envelop } from '@quadrille/shared-events';
import fc from 'fast-check';
import { service } from '../service';
import { FRESH, hasMoved, type Product, type Reservation, type ReservationState } from './reservation';

const decide = decideBy(service);

const who = { orderId: 'order-1', customerId: 'customer-1' };
const stamp = { id: 'id', time: '2026-11-21T12:00:00.000Z' };
const created = (quantity: number) => {
  const items = [{ productId: 'mug', quantity, unitPriceMinor: null }];
  return envelop('OrderCreated', { ...who, items, currency: 'USD', paymentMethod: 'tok_success' }, stamp);
};
const confirmed = envelop('OrderConfirmed', { ...who, totalMinor: 2_000, currency: 'USD' }, stamp);
const cancelled = envelop('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' }, stamp);
const unpaid = envelop('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' }, stamp);
const overdue = { type: 'ReservationOverdue' } as const;

const mug: Product = { productId: 'mug', priceMinor: 1_000, currency: 'USD', available: 5, reserved: 2, committed: 2 };
const stateOf = (reservation?: Reservation): ReservationState => ({ reservation, stock: new Map([['mug', mug]]) });
const KEPT = { kind: 'kept' } as const;
const reserved: Reservation = {
  ...who,
  status: 'RESERVED',
  reason: null,
  items: [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }],
  totalMinor: 2_000,
  currency: 'USD',
  paymentMethod: 'tok_success',
  nudges: 0,
  wake: KEPT,
  clock: FRESH,
};
const due = { ...FRESH, nudgeDue: true };

test.each([
  ['RESERVED', undefined, created(2), { kind: 'nudge', doublings: 0 }],
  ['UNAVAILABLE', undefined, created(6), null],
  ['TOMBSTONE', undefined, cancelled, null],
  ['COMMITTED', reserved, confirmed, null],
  ['RELEASED', reserved, unpaid, null],
  ['RELEASED', { ...reserved, status: 'COMMITTED', wake: null } as const, cancelled, null],
] as const)('a reservation that becomes %s waits for the payment, or for nothing', (status, before, message, wake) => {
  expect(decide(stateOf(before), message).state.reservation).toMatchObject({ status, wake });
});

test('a nudge doubles the pause before the next', () => {
  const { reservation } = decide(stateOf({ ...reserved, nudges: 2, clock: due }), overdue).state;
  expect(reservation).toMatchObject({ nudges: 3, wake: { kind: 'nudge', doublings: 3 } });
});

test.each([created(2), overdue])('who repeats himself does not put off the nudge (%j)', (message) => {
  expect(decide(stateOf(reserved), message).state.reservation?.wake).toBe(KEPT);
});

test('a nudge is no move; another status is', () => {
  expect(hasMoved(reserved, { ...reserved, nudges: 1, wake: null, clock: due })).toBe(false);
  expect(hasMoved(reserved, { ...reserved, status: 'COMMITTED' })).toBe(true);
});

test('whatever is delivered, exactly a RESERVED reservation waits, as long as it was nudged often', () => {
  const anyMessage = fc.constantFrom(created(2), created(6), confirmed, cancelled, unpaid, overdue);
  const anyHistory = fc.array(fc.tuple(anyMessage, fc.boolean(), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(anyHistory, (history) => {
      let state = stateOf();
      for (const [message, nudgeDue, stale] of history) {
        const { reservation } = state;
        const clock = { nudgeDue, stale };
        state = decide({ ...state, reservation: reservation && { ...reservation, clock } }, message).state;
        const after = state.reservation;
        const waits = after?.status === 'RESERVED' ? { kind: 'nudge', doublings: after.nudges } : null;
        expect(after?.wake ?? null).toEqual(waits);
      }
    }),
  );
});
