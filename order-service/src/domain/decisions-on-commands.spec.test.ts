/** What order-service decides about what people and its sweeper ask: states, events with their data, outcomes. */
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { FRESH } from './order';
import {
  cancelOrder,
  completeOrder,
  noOrder,
  order,
  orderCancelled,
  orderCompleted,
  orderCreated,
  orderOverdue,
  placeOrder,
} from '../../test/builders';

const given = specify(service);

/** Nothing was heard for long: what is waited for is asked for again, and a repeated event is answered again. */
const due = { deadlinePassed: false, nudgeDue: true, stale: true };
/** The same beyond the deadline. */
const late = { ...due, deadlinePassed: true };
/** When an order that has moved is looked at again: while it is pending, at its deadline too. */
const atNudgeOrDeadline = (nudges: number) => ({ kind: 'nudge-or-deadline', doublings: nudges }) as const;
const atNudge = (nudges: number) => ({ kind: 'nudge', doublings: nudges }) as const;

describe('when an order is placed (PlaceOrder)', () => {
  test('it is announced as it was asked for', () => {
    given(noOrder)
      .receives(placeOrder(order()))
      .then({ ...order(), wake: atNudgeOrDeadline(0), publishes: [orderCreated()], outcome: 'placed' });
  });

  test('the same request again finds the first order', () => {
    given(order())
      .receives(placeOrder(order({ orderId: 'order-2' })))
      .thenNothing('unchanged: placed already');
  });

  test('another request with the same idempotency key is told so', () => {
    given(order())
      .receives(placeOrder(order({ requestHash: 'other' })))
      .thenNothing('unchanged: the key belongs to another request');
  });
});

describe('when the customer no longer wants it (CancelOrder)', () => {
  test('a pending order is cancelled, and its nudges are forgotten', () => {
    given(order({ nudges: 2 }))
      .receives(cancelOrder())
      .then({
        status: 'CANCELLED',
        reason: 'CUSTOMER_REQUEST',
        nudges: 0,
        wake: atNudge(0),
        publishes: [orderCancelled({ reason: 'CUSTOMER_REQUEST' })],
        outcome: 'cancelled: CUSTOMER_REQUEST',
      });
  });

  test('a failed order stays as it is', () => {
    given(order({ status: 'FAILED' }))
      .receives(cancelOrder())
      .thenNothing('unchanged: FAILED');
  });
});

describe('when the goods are handed over (CompleteOrder)', () => {
  test('a confirmed order is completed', () => {
    given(order({ status: 'CONFIRMED' }))
      .receives(completeOrder())
      .then({ status: 'COMPLETED', wake: null, publishes: [orderCompleted()], outcome: 'completed' });
  });

  test('a pending order stays as it is', () => {
    given(order()).receives(completeOrder()).thenNothing('unchanged: PENDING');
  });
});

describe('when the sweeper comes by (OrderOverdue)', () => {
  test('a settled order is left alone', () => {
    given(order({ status: 'CONFIRMED' }))
      .receives(orderOverdue())
      .thenNothing('unchanged: settled');
  });

  test('a pending order for which nothing is due is left alone', () => {
    given(order()).receives(orderOverdue()).thenNothing('unchanged: not due');
  });

  test('a pending order beyond its deadline is cancelled', () => {
    given(order({ clock: late }))
      .receives(orderOverdue())
      .then({
        status: 'CANCELLED',
        reason: 'DEADLINE_EXCEEDED',
        wake: atNudge(0),
        clock: FRESH,
        publishes: [orderCancelled({ reason: 'DEADLINE_EXCEEDED' })],
        outcome: 'cancelled: DEADLINE_EXCEEDED',
      });
  });

  test('a pending order that waits for an answer asks again', () => {
    given(order({ nudges: 1, clock: due }))
      .receives(orderOverdue())
      .then({ nudges: 2, wake: atNudgeOrDeadline(2), clock: FRESH, publishes: [orderCreated()], outcome: 'nudged' });
  });

  test('a cancelled order that waits for the others to finish says again why it was cancelled', () => {
    given(order({ status: 'CANCELLED', reason: 'DEADLINE_EXCEEDED', clock: late }))
      .receives(orderOverdue())
      .then({
        nudges: 1,
        wake: atNudge(1),
        clock: FRESH,
        publishes: [orderCancelled({ reason: 'DEADLINE_EXCEEDED' })],
        outcome: 'nudged',
      });
  });
});

test('an order that was changed just now is neither late nor due nor stale', () => {
  expect(FRESH).toEqual({ deadlinePassed: false, nudgeDue: false, stale: false });
});
