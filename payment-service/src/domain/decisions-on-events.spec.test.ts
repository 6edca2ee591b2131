/** What payment-service decides about events and operators: the state, events and effects with their data, outcomes. */
import { decideBy } from '@quadrille/service-chassis';
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { LEASE_MS, type Payment } from './payment';
import {
  charge,
  inventoryReserved,
  orderCancelled,
  payment,
  paymentFailed,
  paymentProcessed,
  paymentVoided,
  refundPayment,
  resolve,
  retryDue,
  unheardOf,
} from '../../test/builders';

const given = specify(service);

const afterMs = (ms: number) => ({ kind: 'after', ms }) as const;
const stale = { due: false, stale: true };

/** The gateway is being asked for the money. It has been tried before, so that it shows when tries begin anew. */
const charging = (changes: Partial<Payment> = {}) =>
  payment({ status: 'CHARGING', tries: 2, wake: afterMs(1), ...changes });
/** Waiting for the next attempt. */
const waiting = (changes: Partial<Payment> = {}) => payment({ status: 'RETRY_WAIT', ...changes });

describe('when stock is reserved (InventoryReserved)', () => {
  test('the money is asked for, and the lease says when to ask again', () => {
    given(unheardOf())
      .hears(inventoryReserved())
      .then({
        ...payment({ status: 'CHARGING' }),
        wake: afterMs(LEASE_MS),
        performs: [charge(1)],
        outcome: 'charging',
      });
  });

  test('a payment that succeeded a moment ago says nothing', () => {
    given(payment({ status: 'SUCCEEDED' }))
      .hears(inventoryReserved())
      .thenNothing('unchanged: SUCCEEDED');
  });

  test('a payment that succeeded long ago says so again', () => {
    given(payment({ status: 'SUCCEEDED', clock: stale }))
      .hears(inventoryReserved())
      .then({ publishes: [paymentProcessed()], outcome: 'unchanged: answered again' });
  });

  test('a payment that failed long ago says so again', () => {
    given(payment({ status: 'FAILED', clock: stale }))
      .hears(inventoryReserved())
      .then({
        publishes: [paymentFailed({ reason: 'GATEWAY_UNAVAILABLE' })],
        outcome: 'unchanged: answered again',
      });
  });

  test('a payment that has waited for long for its next attempt has no outcome to say again', () => {
    given(waiting({ clock: stale }))
      .hears(inventoryReserved())
      .thenNothing('unchanged: RETRY_WAIT');
  });
});

describe('when the order is off (OrderCancelled)', () => {
  test('a payment that was not heard of yet is voided, and will never be charged', () => {
    given(unheardOf())
      .hears(orderCancelled())
      .then({ status: 'VOIDED', customerId: 'customer-1', publishes: [paymentVoided()], outcome: 'voided' });
  });

  test('while the gateway is asked for the money, it is noted that none is wanted', () => {
    given(charging()).hears(orderCancelled()).then({ stopWanted: true, outcome: 'stop wanted' });
  });

  test('what was noted already is not noted again', () => {
    given(charging({ stopWanted: true }))
      .hears(orderCancelled())
      .thenNothing('unchanged: stop wanted already');
  });

  test('a payment that waits and may have taken money asks what became of it', () => {
    given(waiting({ unknown: true }))
      .hears(orderCancelled())
      .then({
        status: 'RESOLVING',
        stopWanted: true,
        wake: afterMs(4_500),
        performs: [resolve(0)],
        outcome: 'resolving',
      });
  });
});

describe('when an operator gives the money back (RefundPayment)', () => {
  test('there is none to give back of a payment that failed', () => {
    given(payment({ status: 'FAILED' }))
      .receives(refundPayment())
      .thenNothing('unchanged: FAILED');
  });
});

test('a payment without an amount cannot be charged, and that is said', () => {
  const decide = decideBy(service);
  for (const missing of ['amountMinor', 'currency', 'method'] as const)
    expect(() => decide(waiting({ [missing]: null }), retryDue(1))).toThrow('payment payment-1 has nothing to charge');
});

test('a payment that nobody has heard of is NONE, and nothing of it is known', () => {
  expect(unheardOf()).toEqual({
    orderId: 'order-1',
    paymentId: 'payment-1',
    customerId: '',
    status: 'NONE',
    amountMinor: null,
    currency: null,
    method: null,
    attempt: 0,
    stopWanted: false,
    unknown: false,
    reason: null,
    tries: 0,
    wake: null,
    clock: { due: false, stale: false },
  });
});
