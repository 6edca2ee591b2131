/** What payment-service decides about answers of the gateway and about time: state, events, effects, outcome. */
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { FRESH, LEASE_MS, type Payment } from './payment';
import {
  charge,
  chargeAnswered,
  payment,
  paymentAttemptFailed,
  paymentFailed,
  paymentOverdue,
  paymentProcessed,
  paymentRefunded,
  refund,
  refundAnswered,
  resolve,
  resolveAnswered,
  retryDue,
} from '../../test/builders';

const given = specify(service);

const afterMs = (ms: number) => ({ kind: 'after', ms }) as const;
const due = { due: true, stale: false };

/** The gateway is being asked for the money. It has been tried before, so that it shows when tries begin anew. */
const charging = (changes: Partial<Payment> = {}) =>
  payment({ status: 'CHARGING', tries: 2, wake: afterMs(1), ...changes });
/** Waiting for the next attempt. */
const waiting = (changes: Partial<Payment> = {}) => payment({ status: 'RETRY_WAIT', ...changes });
/** All attempts are over, and the gateway is being asked whether one of them took money. */
const resolving = (changes: Partial<Payment> = {}) =>
  payment({ status: 'RESOLVING', attempt: 4, unknown: true, ...changes });
/** The gateway is being asked to give the money back. */
const refunding = (changes: Partial<Payment> = {}) => payment({ status: 'REFUND_PENDING', ...changes });

describe('when the gateway has answered a charge (ChargeAnswered)', () => {
  test('charged: the payment succeeded', () => {
    given(charging())
      .receives(chargeAnswered('charged'))
      .then({ status: 'SUCCEEDED', tries: 0, wake: null, publishes: [paymentProcessed()], outcome: 'succeeded' });
  });

  test('charged, though the order is off by now: the money goes back', () => {
    given(charging({ stopWanted: true }))
      .receives(chargeAnswered('charged'))
      .then({
        status: 'REFUND_PENDING',
        tries: 0,
        wake: afterMs(4_500),
        performs: [refund(0)],
        outcome: 'refunding',
      });
  });

  test('declined: the payment failed', () => {
    given(charging())
      .receives(chargeAnswered('declined'))
      .then({
        status: 'FAILED',
        reason: 'DECLINED',
        tries: 0,
        wake: null,
        publishes: [paymentFailed({ attempts: 1, reason: 'DECLINED' })],
        outcome: 'failed',
      });
  });

  test('an answer to another attempt than the current is too late to matter', () => {
    given(charging()).receives(chargeAnswered('charged', 2)).thenNothing('unchanged: another attempt');
  });

  test('a payment that has failed does not wait for an answer', () => {
    given(payment({ status: 'FAILED' }))
      .receives(chargeAnswered('charged'))
      .thenNothing('unchanged: FAILED');
  });
});

describe('when the gateway has answered that a charge was not processed, or not answered (ChargeAnswered)', () => {
  test('not processed at the second attempt: the third follows in two seconds', () => {
    given(charging({ attempt: 2 }))
      .receives(chargeAnswered('not processed', 2))
      .then({
        status: 'RETRY_WAIT',
        tries: 0,
        wake: afterMs(12_000),
        publishes: [paymentAttemptFailed({ attempt: 2, reason: 'NOT_PROCESSED', retryInMs: 2_000 })],
        schedules: [{ delayMs: 2_000, message: retryDue(2) }],
        outcome: 'attempt 2 failed: NOT_PROCESSED',
      });
  });

  test('no answer to the first attempt: it may have taken money, and the second follows in a second', () => {
    given(charging())
      .receives(chargeAnswered('no answer'))
      .then({
        status: 'RETRY_WAIT',
        unknown: true,
        tries: 0,
        wake: afterMs(11_000),
        publishes: [paymentAttemptFailed({ attempt: 1, reason: 'NO_ANSWER', retryInMs: 1_000 })],
        schedules: [{ delayMs: 1_000, message: retryDue(1) }],
        outcome: 'attempt 1 failed: NO_ANSWER',
      });
  });

  test('not processed at the last attempt: the payment failed', () => {
    given(charging({ attempt: 4 }))
      .receives(chargeAnswered('not processed', 4))
      .then({
        status: 'FAILED',
        reason: 'GATEWAY_UNAVAILABLE',
        tries: 0,
        wake: null,
        publishes: [paymentFailed({ attempts: 4, reason: 'GATEWAY_UNAVAILABLE' })],
        outcome: 'failed',
      });
  });

  test('no answer to the last attempt: it must be found out whether it took money', () => {
    given(charging({ attempt: 4 }))
      .receives(chargeAnswered('no answer', 4))
      .then({
        status: 'RESOLVING',
        unknown: true,
        tries: 0,
        wake: afterMs(4_500),
        performs: [resolve(0)],
        outcome: 'resolving',
      });
  });
});

describe('when the pause after an attempt is over (RetryDue)', () => {
  test('the money is asked for again', () => {
    given(waiting())
      .receives(retryDue(1))
      .then({
        status: 'CHARGING',
        attempt: 2,
        wake: afterMs(LEASE_MS),
        performs: [charge(2)],
        outcome: 'charging again',
      });
  });

  test('the timer of another attempt than the current does not matter', () => {
    given(waiting()).receives(retryDue(2)).thenNothing('unchanged: another attempt');
  });

  test('a payment that has made its attempts makes no other', () => {
    given(resolving()).receives(retryDue(4)).thenNothing('unchanged: RESOLVING');
  });
});

describe('when the gateway has said what became of a charge (ResolveAnswered)', () => {
  test('it was declined: the payment failed', () => {
    given(resolving())
      .receives(resolveAnswered('declined'))
      .then({
        status: 'FAILED',
        reason: 'DECLINED',
        publishes: [paymentFailed({ attempts: 4, reason: 'DECLINED' })],
        outcome: 'failed',
      });
  });

  test('it is void, and took nothing: the payment failed', () => {
    given(resolving())
      .receives(resolveAnswered('void'))
      .then({
        status: 'FAILED',
        reason: 'GATEWAY_UNAVAILABLE',
        publishes: [paymentFailed({ attempts: 4, reason: 'GATEWAY_UNAVAILABLE' })],
        outcome: 'failed',
      });
  });

  test('the gateway was not reached: it is asked again when the time has come', () => {
    given(resolving()).receives(resolveAnswered('unreachable')).thenNothing('unchanged: gateway unreachable');
  });

  test('a payment that asks for the money did not ask for this', () => {
    given(charging()).receives(resolveAnswered('void')).thenNothing('unchanged: CHARGING');
  });
});

describe('when the gateway has answered a refund (RefundAnswered)', () => {
  test('the money is back: this is announced, and announced again later', () => {
    given(refunding({ tries: 3 }))
      .receives(refundAnswered('refunded'))
      .then({
        status: 'REFUNDED',
        tries: 0,
        wake: { kind: 'nudge', doublings: 0 },
        publishes: [paymentRefunded()],
        outcome: 'refunded',
      });
  });

  test('the gateway was not reached: it is asked again when the time has come', () => {
    given(refunding()).receives(refundAnswered('unreachable')).thenNothing('unchanged: gateway unreachable');
  });
});

describe('when the sweeper comes by (PaymentOverdue)', () => {
  test('a payment for which nothing is due is left alone', () => {
    given(charging()).receives(paymentOverdue()).thenNothing('unchanged: not due');
  });

  test('a charge whose worker died is asked for again, and may have taken money by then', () => {
    given(charging({ clock: due }))
      .receives(paymentOverdue())
      .then({
        unknown: true,
        tries: 0,
        wake: afterMs(LEASE_MS),
        clock: FRESH,
        performs: [charge(1)],
        outcome: 'lease ran out: asked again',
      });
  });

  test('a charge whose worker died is not asked for again when the order is off, but what became of it', () => {
    given(charging({ stopWanted: true, clock: due }))
      .receives(paymentOverdue())
      .then({
        status: 'RESOLVING',
        unknown: true,
        tries: 0,
        wake: afterMs(4_500),
        clock: FRESH,
        performs: [resolve(0)],
        outcome: 'resolving',
      });
  });

  test('what became of a charge is asked again, after a longer pause', () => {
    given(resolving({ tries: 2, clock: due }))
      .receives(paymentOverdue())
      .then({ tries: 3, wake: afterMs(11_500), clock: FRESH, performs: [resolve(3)], outcome: 'resolving' });
  });

  test('a refund is asked for again, after a longer pause', () => {
    given(refunding({ tries: 1, clock: due }))
      .receives(paymentOverdue())
      .then({ tries: 2, wake: afterMs(7_500), clock: FRESH, performs: [refund(2)], outcome: 'refunding' });
  });

  test('a refund is announced a second time, and will be again', () => {
    given(payment({ status: 'REFUNDED', tries: 1, clock: due }))
      .receives(paymentOverdue())
      .then({
        tries: 2,
        wake: { kind: 'nudge', doublings: 2 },
        clock: FRESH,
        publishes: [paymentRefunded()],
        outcome: 'refunded',
      });
  });

  test('a refund is announced a third time, and then no more', () => {
    given(payment({ status: 'REFUNDED', tries: 2, wake: { kind: 'nudge', doublings: 2 }, clock: due }))
      .receives(paymentOverdue())
      .then({ tries: 3, wake: null, clock: FRESH, publishes: [paymentRefunded()], outcome: 'refunded' });
  });

  test('a payment that succeeded waits for nothing', () => {
    given(payment({ status: 'SUCCEEDED', clock: due }))
      .receives(paymentOverdue())
      .thenNothing('unchanged: SUCCEEDED');
  });
});
