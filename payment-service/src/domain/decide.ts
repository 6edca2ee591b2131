/**
 * The decisions of payment-service. CHARGING and REFUND_PENDING are committed before the gateway is asked, so that a
 * death in between is found by the lease. "Attempts exhausted" with an unknown outcome is not a failure: money may have
 * moved, and the payment is RESOLVING until the gateway has said what happened.
 */
import type { NewEvent, DomainEvent, EventData } from '@quadrille/shared-events';
import type { PaymentDecision, PaymentEffect, PaymentInput } from './messages';
import { ATTEMPTS_MAX, FRESH, LEASE_MS, retryDelayMs, TIMER_GRACE_MS, untilItWorksMs, type Payment } from './payment';

type Input<Type extends PaymentInput['type']> = Extract<PaymentInput, { type: Type }>;

interface Consequences {
  readonly events?: readonly NewEvent[];
  readonly effects?: readonly PaymentEffect[];
  readonly delayed?: PaymentDecision['delayed'];
}

const decided = (
  state: Payment,
  outcome: string,
  { events = [], effects = [], delayed = [] }: Consequences = {},
): PaymentDecision => ({
  state,
  outcome,
  events,
  effects,
  delayed,
});

const unchanged = (payment: Payment, why: string, consequences?: Consequences) =>
  decided(payment, `unchanged: ${why}`, consequences);

/** A new state is fresh, waits for nobody and has tried nothing, unless the changes say otherwise. */
const change = (payment: Payment, changes: Partial<Payment>): Payment => ({
  ...payment,
  tries: 0,
  wake: null,
  ...changes,
  clock: FRESH,
});

const who = ({ orderId, customerId }: Payment) => ({ orderId, customerId });
const money = ({ paymentId, amountMinor, currency }: Payment) => ({
  paymentId,
  totalMinor: amountMinor ?? 0,
  currency: currency ?? 'XXX',
});

/** What the rest of the saga must know about a payment that is over; undefined while it is not. */
function outcomeOf(payment: Payment): NewEvent | undefined {
  switch (payment.status) {
    case 'SUCCEEDED':
      return { type: 'PaymentProcessed', data: { ...who(payment), ...money(payment), attempts: payment.attempt } };
    case 'FAILED':
      return {
        type: 'PaymentFailed',
        data: { ...who(payment), attempts: payment.attempt, reason: payment.reason ?? 'GATEWAY_UNAVAILABLE' },
      };
    case 'VOIDED':
      return { type: 'PaymentVoided', data: who(payment) };
    case 'REFUNDED':
      return { type: 'PaymentRefunded', data: { ...who(payment), ...money(payment) } };
    case 'NONE':
    case 'CHARGING':
    case 'RETRY_WAIT':
    case 'RESOLVING':
    case 'REFUND_PENDING':
      return undefined;
  }
}

/** Moves to a state that the saga must hear of. */
function conclude(payment: Payment, changes: Partial<Payment> & Pick<Payment, 'status'>): PaymentDecision {
  const next = change(payment, changes);
  const outcome = outcomeOf(next);
  return decided(next, next.status.toLowerCase(), { events: outcome ? [outcome] : [] });
}

/** A trigger that finds its work done: the outcome is said again when it may have been lost. */
function repeatOutcome(payment: Payment): PaymentDecision {
  const outcome = payment.clock.stale ? outcomeOf(payment) : undefined;
  return outcome ? unchanged(payment, 'answered again', { events: [outcome] }) : unchanged(payment, payment.status);
}

function requestCharge(payment: Payment, changes: Partial<Payment>, outcome: string): PaymentDecision {
  const next = change(payment, { ...changes, status: 'CHARGING', wake: { kind: 'after', ms: LEASE_MS } });
  const { attempt, amountMinor, currency, method } = next;
  if (amountMinor === null || currency === null || method === null)
    throw new Error(`payment ${next.paymentId} has nothing to charge`);
  return decided(next, outcome, { effects: [{ type: 'Charge', attempt, amountMinor, currency, method }] });
}

function requestResolve(payment: Payment, changes: Partial<Payment>, tries: number): PaymentDecision {
  const next = change(payment, {
    ...changes,
    status: 'RESOLVING',
    tries,
    wake: { kind: 'after', ms: untilItWorksMs(tries) },
  });
  return decided(next, 'resolving', { effects: [{ type: 'Resolve', tries }] });
}

function requestRefund(payment: Payment, tries: number): PaymentDecision {
  const next = change(payment, { status: 'REFUND_PENDING', tries, wake: { kind: 'after', ms: untilItWorksMs(tries) } });
  return decided(next, 'refunding', { effects: [{ type: 'Refund', tries }] });
}

/** Money was taken: good, unless the order was called off meanwhile. */
const succeedOrRefund = (payment: Payment): PaymentDecision =>
  payment.stopWanted ? requestRefund(payment, 0) : conclude(payment, { status: 'SUCCEEDED' });

/** No money was taken and none will be. */
const failOrVoid = (payment: Payment, reason: EventData<'PaymentFailed'>['reason']): PaymentDecision =>
  payment.stopWanted ? conclude(payment, { status: 'VOIDED' }) : conclude(payment, { status: 'FAILED', reason });

/** This attempt brought no money as far as we know. */
function retryOrResolve(payment: Payment, reason: EventData<'PaymentAttemptFailed'>['reason']): PaymentDecision {
  const unknown = payment.unknown || reason === 'NO_ANSWER';
  const { attempt } = payment;
  if (payment.stopWanted || attempt >= ATTEMPTS_MAX) {
    return unknown ? requestResolve(payment, { unknown }, 0) : failOrVoid(payment, 'GATEWAY_UNAVAILABLE');
  }
  const delayMs = retryDelayMs(attempt);
  const next = change(payment, {
    status: 'RETRY_WAIT',
    unknown,
    wake: { kind: 'after', ms: delayMs + TIMER_GRACE_MS },
  });
  return decided(next, `attempt ${String(attempt)} failed: ${reason}`, {
    events: [{ type: 'PaymentAttemptFailed', data: { ...who(next), attempt, reason, retryInMs: delayMs } }],
    delayed: [{ delayMs, message: { type: 'RetryDue', attempt } }],
  });
}

/** Stock is reserved: take the money. */
export function charge(payment: Payment, { data }: DomainEvent<'InventoryReserved'>): PaymentDecision {
  if (payment.status !== 'NONE') return repeatOutcome(payment);
  const { customerId, totalMinor: amountMinor, currency, paymentMethod: method } = data;
  return requestCharge(payment, { customerId, amountMinor, currency, method, attempt: 1 }, 'charging');
}

/** The order is off: whatever the moment, no money may be kept. */
export function callOff(payment: Payment, { data }: DomainEvent<'OrderCancelled'>): PaymentDecision {
  switch (payment.status) {
    case 'NONE':
      return conclude(payment, { status: 'VOIDED', customerId: data.customerId });
    case 'RETRY_WAIT':
      return payment.unknown
        ? requestResolve(payment, { stopWanted: true }, 0)
        : conclude(payment, { status: 'VOIDED' });
    case 'CHARGING':
    case 'RESOLVING':
      // The gateway is being asked and nobody knows the answer; it will be decided when it comes.
      return payment.stopWanted
        ? unchanged(payment, 'stop wanted already')
        : decided({ ...payment, stopWanted: true }, 'stop wanted');
    case 'SUCCEEDED':
      return requestRefund(payment, 0);
    case 'FAILED':
    case 'VOIDED':
    case 'REFUND_PENDING':
    case 'REFUNDED':
      return repeatOutcome(payment);
  }
}

/** The gateway's answer to an attempt. One that names another attempt than the current is too late to matter. */
export function concludeCharge(payment: Payment, { attempt, answer }: Input<'ChargeAnswered'>): PaymentDecision {
  if (payment.status !== 'CHARGING') return unchanged(payment, payment.status);
  if (attempt !== payment.attempt) return unchanged(payment, 'another attempt');
  switch (answer) {
    case 'charged':
      return succeedOrRefund(payment);
    case 'declined':
      return failOrVoid(payment, 'DECLINED');
    case 'not processed':
      return retryOrResolve(payment, 'NOT_PROCESSED');
    case 'no answer':
      return retryOrResolve(payment, 'NO_ANSWER');
  }
}

/** What really became of an unknown charge. */
export function concludeResolve(payment: Payment, { answer }: Input<'ResolveAnswered'>): PaymentDecision {
  if (payment.status !== 'RESOLVING') return unchanged(payment, payment.status);
  switch (answer) {
    case 'charged':
      return succeedOrRefund(payment);
    case 'declined':
      return failOrVoid(payment, 'DECLINED');
    case 'void':
      return failOrVoid(payment, 'GATEWAY_UNAVAILABLE');
    case 'unreachable':
      return unchanged(payment, 'gateway unreachable');
  }
}

/** Whether the money is back. */
export function concludeRefund(payment: Payment, { answer }: Input<'RefundAnswered'>): PaymentDecision {
  if (payment.status !== 'REFUND_PENDING') return unchanged(payment, payment.status);
  if (answer === 'unreachable') return unchanged(payment, 'gateway unreachable');
  return conclude(payment, { status: 'REFUNDED', wake: { kind: 'nudge', doublings: 0 } });
}

/** The pause after an attempt is over. */
export function retry(payment: Payment, { attempt }: Input<'RetryDue'>): PaymentDecision {
  if (payment.status !== 'RETRY_WAIT') return unchanged(payment, payment.status);
  if (attempt !== payment.attempt) return unchanged(payment, 'another attempt');
  return requestCharge(payment, { attempt: attempt + 1 }, 'charging again');
}

/** An operator gives the money back. */
export function refundOnRequest(payment: Payment): PaymentDecision {
  return payment.status === 'SUCCEEDED' ? requestRefund(payment, 0) : unchanged(payment, payment.status);
}

/** How often a refund is announced again without having been asked: its order may be settled and ask no more. */
const REFUND_NUDGES_MAX = 3;

/** Something that should have happened has not: a timer was lost, a worker died, the gateway is away. */
export function resume(payment: Payment): PaymentDecision {
  if (!payment.clock.due) return unchanged(payment, 'not due');
  switch (payment.status) {
    case 'CHARGING':
      // Marked unknown first, then asked again: the request of the dead worker may still land. An order that is off
      // asks what became of it: charging again would be the first charge, were the worker dead before it asked.
      return payment.stopWanted
        ? requestResolve(payment, { unknown: true }, 0)
        : requestCharge(payment, { unknown: true }, 'lease ran out: asked again');
    case 'RETRY_WAIT':
      return retry(payment, { type: 'RetryDue', attempt: payment.attempt });
    case 'RESOLVING':
      return requestResolve(payment, {}, payment.tries + 1);
    case 'REFUND_PENDING':
      return requestRefund(payment, payment.tries + 1);
    case 'REFUNDED': {
      const tries = payment.tries + 1;
      return conclude(payment, {
        status: 'REFUNDED',
        tries,
        wake: tries < REFUND_NUDGES_MAX ? { kind: 'nudge', doublings: tries } : null,
      });
    }
    case 'NONE':
    case 'SUCCEEDED':
    case 'FAILED':
    case 'VOIDED':
      return unchanged(payment, payment.status);
  }
}
