/** What order-service decides about events: the state, the events with their data, the outcome. */
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { FRESH } from './order';
import {
  inventoryReleased,
  inventoryReserved,
  inventoryUnavailable,
  order,
  orderCancelled,
  orderConfirmed,
  paymentAttemptFailed,
  paymentFailed,
  paymentProcessed,
  paymentRefunded,
  paymentVoided,
  priced,
} from '../../test/builders';

const given = specify(service);

/** Nothing was heard for long: what is waited for is asked for again, and a repeated event is answered again. */
const due = { deadlinePassed: false, nudgeDue: true, stale: true };
/** When an order that has moved is looked at again: while it is pending, at its deadline too. */
const atNudgeOrDeadline = (nudges: number) => ({ kind: 'nudge-or-deadline', doublings: nudges }) as const;
const atNudge = (nudges: number) => ({ kind: 'nudge', doublings: nudges }) as const;
/** What an order knows of its payment once PaymentProcessed was heard. */
const paid = { payment: 'processed', attempts: 2, totalMinor: 2_000 } as const;

describe('when stock is reserved (InventoryReserved)', () => {
  test('a pending order has its prices', () => {
    given(order())
      .hears(inventoryReserved())
      .then({
        inventory: 'reserved',
        items: priced,
        totalMinor: 2_000,
        wake: atNudgeOrDeadline(0),
        outcome: 'noted: PENDING',
      });
  });

  test('an order that has heard already of the release ignores it', () => {
    given(order({ inventory: 'released' }))
      .hears(inventoryReserved())
      .thenNothing('unchanged: PENDING, heard already');
  });
});

describe('when stock cannot be had (InventoryUnavailable)', () => {
  test('a pending order is rejected, with the reason', () => {
    given(order())
      .hears(inventoryUnavailable())
      .then({ status: 'REJECTED', reason: 'OUT_OF_STOCK', inventory: 'unavailable', wake: null, outcome: 'rejected' });
  });

  test('a cancelled order only notes it', () => {
    given(order({ status: 'CANCELLED' }))
      .hears(inventoryUnavailable())
      .then({ inventory: 'unavailable', wake: atNudge(0), outcome: 'noted: CANCELLED' });
  });
});

describe('when stock is back on sale (InventoryReleased)', () => {
  test('a pending order notes it, also when it had heard that there was none', () => {
    given(order({ inventory: 'unavailable' }))
      .hears(inventoryReleased())
      .then({ inventory: 'released', wake: atNudgeOrDeadline(0), outcome: 'noted: PENDING' });
  });

  // Only a pending order takes a release for news of its payment: no other counts an attempt or ends the payment by it.
  test('a failed order only notes it, though it was released for a declined payment', () => {
    given(order({ status: 'FAILED', payment: 'over', attempts: 4, clock: due }))
      .hears(inventoryReleased({ reason: 'DECLINED' }))
      .then({ inventory: 'released', wake: null, clock: FRESH, outcome: 'noted: FAILED' });
  });

  test('a cancelled order only notes it, though it was released for a declined payment', () => {
    given(order({ status: 'CANCELLED', attempts: 1, clock: due }))
      .hears(inventoryReleased({ reason: 'DECLINED' }))
      .then({ inventory: 'released', wake: atNudge(0), clock: FRESH, outcome: 'noted: CANCELLED' });
  });
});

describe('when money was taken (PaymentProcessed)', () => {
  test('a pending order is confirmed', () => {
    given(order())
      .hears(paymentProcessed())
      .then({ status: 'CONFIRMED', ...paid, wake: null, publishes: [orderConfirmed()], outcome: 'confirmed' });
  });

  test('the total that the order had keeps holding', () => {
    given(order({ totalMinor: 1 }))
      .hears(paymentProcessed())
      .then({
        status: 'CONFIRMED',
        ...paid,
        totalMinor: 1,
        wake: null,
        publishes: [orderConfirmed({ totalMinor: 1 })],
        outcome: 'confirmed',
      });
  });

  test('attempts that were counted already stay counted', () => {
    given(order({ attempts: 3 }))
      .hears(paymentProcessed())
      .then({
        status: 'CONFIRMED',
        ...paid,
        attempts: 3,
        wake: null,
        publishes: [orderConfirmed()],
        outcome: 'confirmed',
      });
  });

  test('a cancelled order only notes it', () => {
    given(order({ status: 'CANCELLED', clock: due }))
      .hears(paymentProcessed())
      .then({ ...paid, wake: atNudge(0), clock: FRESH, outcome: 'noted: CANCELLED' });
  });

  test('a cancelled order that only learns its total is not nudged later for that', () => {
    given(order({ status: 'CANCELLED', ...paid, totalMinor: null }))
      .hears(paymentProcessed())
      .then({ totalMinor: 2_000, outcome: 'noted: CANCELLED' });
  });

  test('a confirmed order that hears it again soon says nothing', () => {
    given(order({ status: 'CONFIRMED', ...paid }))
      .hears(paymentProcessed())
      .thenNothing('unchanged: CONFIRMED, heard already');
  });

  test('a confirmed order that hears it again long after confirms again', () => {
    given(order({ status: 'CONFIRMED', ...paid, clock: due }))
      .hears(paymentProcessed())
      .then({ publishes: [orderConfirmed()], outcome: 'unchanged: answered again' });
  });

  test('a cancelled order that hears it again long after says again why it was cancelled', () => {
    given(order({ status: 'CANCELLED', reason: 'REFUNDED', ...paid, clock: due }))
      .hears(paymentProcessed())
      .then({ publishes: [orderCancelled({ reason: 'REFUNDED' })], outcome: 'unchanged: answered again' });
  });

  test('a cancellation always names a reason of its contract, though the reason of the order is any text', () => {
    given(order({ status: 'CANCELLED', reason: 'DECLINED', ...paid, clock: due }))
      .hears(paymentProcessed())
      .then({ publishes: [orderCancelled({ reason: 'CUSTOMER_REQUEST' })], outcome: 'unchanged: answered again' });
  });
});

describe('when an attempt to pay brought nothing (PaymentAttemptFailed)', () => {
  test('a pending order counts it', () => {
    given(order())
      .hears(paymentAttemptFailed())
      .then({ attempts: 1, wake: atNudgeOrDeadline(0), outcome: 'noted: PENDING' });
  });

  test('attempts that were counted already stay counted', () => {
    given(order({ attempts: 3 }))
      .hears(paymentAttemptFailed())
      .thenNothing('unchanged: PENDING, heard already');
  });
});

describe('when no money can be had (PaymentFailed)', () => {
  test('a pending order has failed, with the reason and the attempts', () => {
    given(order())
      .hears(paymentFailed())
      .then({
        status: 'FAILED',
        reason: 'DECLINED',
        payment: 'over',
        attempts: 4,
        wake: atNudge(0),
        outcome: 'failed',
      });
  });

  test('attempts that were counted already stay counted', () => {
    given(order({ attempts: 5 }))
      .hears(paymentFailed())
      .then({ status: 'FAILED', reason: 'DECLINED', payment: 'over', wake: atNudge(0), outcome: 'failed' });
  });
});

describe('when no money was taken and none will be (PaymentVoided)', () => {
  test('a pending order notes it', () => {
    given(order())
      .hears(paymentVoided())
      .then({ payment: 'over', wake: atNudgeOrDeadline(0), outcome: 'noted: PENDING' });
  });
});

describe('when money was given back (PaymentRefunded)', () => {
  test('a pending order is cancelled', () => {
    given(order())
      .hears(paymentRefunded())
      .then({
        status: 'CANCELLED',
        reason: 'REFUNDED',
        payment: 'over',
        wake: atNudge(0),
        publishes: [orderCancelled({ reason: 'REFUNDED' })],
        outcome: 'cancelled: REFUNDED',
      });
  });

  test('a completed order is refunded, and the goods stay with the customer', () => {
    given(order({ status: 'COMPLETED' }))
      .hears(paymentRefunded())
      .then({ status: 'REFUNDED', reason: 'REFUNDED', payment: 'over', wake: null, outcome: 'refunded' });
  });

  test('a refunded order that hears it again soon says nothing', () => {
    given(order({ status: 'REFUNDED' }))
      .hears(paymentRefunded())
      .thenNothing('unchanged: REFUNDED, heard already');
  });

  test('a refunded order that hears it again long after confirms again, so that its stock is committed', () => {
    given(order({ status: 'REFUNDED', ...paid, clock: due }))
      .hears(paymentRefunded())
      .then({ publishes: [orderConfirmed()], outcome: 'unchanged: answered again' });
  });

  test('a cancelled order only notes it', () => {
    given(order({ status: 'CANCELLED' }))
      .hears(paymentRefunded())
      .then({ payment: 'over', wake: atNudge(0), outcome: 'noted: CANCELLED' });
  });
});
