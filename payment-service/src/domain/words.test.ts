/** What the decisions of a payment say, to the letter: the next state, the data of events and effects, the words of each outcome. */
import { decideBy } from '@quadrille/service-chassis';
import { service } from '../service';
import type { PaymentInput } from './messages';
import { FRESH, LEASE_MS, noPayment, type Payment } from './payment';
import { answered, cancelled, money, payment, reserved, who } from '../../test/samples';

const decide = decideBy(service);

const overdue: PaymentInput = { type: 'PaymentOverdue' };

const none = noPayment('order-1', 'payment-1');
const after = (ms: number) => ({ wake: { kind: 'after', ms } }) as const;
const due = { clock: { due: true, stale: false } };
const stale = { clock: { due: false, stale: true } };

interface Said {
  readonly outcome: string;
  readonly changes?: Partial<Payment>;
  readonly events?: readonly object[];
  readonly effects?: readonly object[];
  readonly delayed?: readonly object[];
}
const charge = { type: 'Charge', attempt: 1, amountMinor: 2_000, currency: 'USD', method: 'tok_success' };
const paid = { paymentId: 'payment-1', ...money };
const attemptFailed = (reason: string, attempt: number, retryInMs: number) => ({
  type: 'PaymentAttemptFailed',
  data: { ...who, attempt, reason, retryInMs },
});
const CHARGING = { status: 'CHARGING', tries: 2, ...after(1) } as const;
const RESOLVING = { status: 'RESOLVING', attempt: 4, unknown: true } as const;

const cases: readonly (readonly [given: Payment, message: Parameters<typeof decide>[1], said: Said])[] = [
  [
    none,
    reserved,
    { outcome: 'charging', changes: { ...payment({ status: 'CHARGING' }), ...after(LEASE_MS) }, effects: [charge] },
  ],
  [
    none,
    cancelled,
    {
      outcome: 'voided',
      changes: { status: 'VOIDED', customerId: 'customer-1' },
      events: [{ type: 'PaymentVoided', data: who }],
    },
  ],
  [
    payment(CHARGING),
    answered('charged'),
    {
      outcome: 'succeeded',
      changes: { status: 'SUCCEEDED', tries: 0, wake: null },
      events: [{ type: 'PaymentProcessed', data: { ...who, ...paid, attempts: 1 } }],
    },
  ],
  [
    payment({ ...CHARGING, stopWanted: true }),
    answered('charged'),
    {
      outcome: 'refunding',
      changes: { status: 'REFUND_PENDING', tries: 0, ...after(4_500) },
      effects: [{ type: 'Refund', tries: 0 }],
    },
  ],
  [
    payment(CHARGING),
    answered('declined'),
    {
      outcome: 'failed',
      changes: { status: 'FAILED', reason: 'DECLINED', tries: 0, wake: null },
      events: [{ type: 'PaymentFailed', data: { ...who, attempts: 1, reason: 'DECLINED' } }],
    },
  ],
  [
    payment({ ...CHARGING, attempt: 2 }),
    answered('not processed', 2),
    {
      outcome: 'attempt 2 failed: NOT_PROCESSED',
      changes: { status: 'RETRY_WAIT', tries: 0, ...after(12_000) },
      events: [attemptFailed('NOT_PROCESSED', 2, 2_000)],
      delayed: [{ delayMs: 2_000, message: { type: 'RetryDue', attempt: 2 } }],
    },
  ],
  [
    payment(CHARGING),
    answered('no answer'),
    {
      outcome: 'attempt 1 failed: NO_ANSWER',
      changes: { status: 'RETRY_WAIT', unknown: true, tries: 0, ...after(11_000) },
      events: [attemptFailed('NO_ANSWER', 1, 1_000)],
      delayed: [{ delayMs: 1_000, message: { type: 'RetryDue', attempt: 1 } }],
    },
  ],
  [
    payment({ ...CHARGING, attempt: 4 }),
    answered('not processed', 4),
    {
      outcome: 'failed',
      changes: { status: 'FAILED', reason: 'GATEWAY_UNAVAILABLE', tries: 0, wake: null },
      events: [{ type: 'PaymentFailed', data: { ...who, attempts: 4, reason: 'GATEWAY_UNAVAILABLE' } }],
    },
  ],
  [
    payment({ ...CHARGING, attempt: 4 }),
    answered('no answer', 4),
    {
      outcome: 'resolving',
      changes: { status: 'RESOLVING', unknown: true, tries: 0, ...after(4_500) },
      effects: [{ type: 'Resolve', tries: 0 }],
    },
  ],
  [payment(CHARGING), answered('charged', 2), { outcome: 'unchanged: another attempt' }],
  [payment({ status: 'FAILED' }), answered('charged'), { outcome: 'unchanged: FAILED' }],
  [payment(CHARGING), cancelled, { outcome: 'stop wanted', changes: { stopWanted: true } }],
  [payment({ ...CHARGING, stopWanted: true }), cancelled, { outcome: 'unchanged: stop wanted already' }],
  [payment(CHARGING), overdue, { outcome: 'unchanged: not due' }],
  [
    payment({ ...CHARGING, ...due }),
    overdue,
    {
      outcome: 'lease ran out: asked again',
      changes: { unknown: true, tries: 0, ...after(LEASE_MS), clock: FRESH },
      effects: [charge],
    },
  ],
  [
    payment({ ...CHARGING, stopWanted: true, ...due }),
    overdue,
    {
      outcome: 'resolving',
      changes: { status: 'RESOLVING', unknown: true, tries: 0, ...after(4_500), clock: FRESH },
      effects: [{ type: 'Resolve', tries: 0 }],
    },
  ],
  [
    payment({ status: 'RETRY_WAIT' }),
    { type: 'RetryDue', attempt: 1 },
    {
      outcome: 'charging again',
      changes: { status: 'CHARGING', attempt: 2, ...after(LEASE_MS) },
      effects: [{ ...charge, attempt: 2 }],
    },
  ],
  [payment({ status: 'RETRY_WAIT' }), { type: 'RetryDue', attempt: 2 }, { outcome: 'unchanged: another attempt' }],
  [payment(RESOLVING), { type: 'RetryDue', attempt: 4 }, { outcome: 'unchanged: RESOLVING' }],
  [
    payment({ status: 'RETRY_WAIT', unknown: true }),
    cancelled,
    {
      outcome: 'resolving',
      changes: { status: 'RESOLVING', stopWanted: true, ...after(4_500) },
      effects: [{ type: 'Resolve', tries: 0 }],
    },
  ],
  [
    payment({ ...RESOLVING, tries: 2, ...due }),
    overdue,
    {
      outcome: 'resolving',
      changes: { tries: 3, ...after(11_500), clock: FRESH },
      effects: [{ type: 'Resolve', tries: 3 }],
    },
  ],
  [
    payment(RESOLVING),
    { type: 'ResolveAnswered', answer: 'unreachable' },
    { outcome: 'unchanged: gateway unreachable' },
  ],
  [payment(CHARGING), { type: 'ResolveAnswered', answer: 'void' }, { outcome: 'unchanged: CHARGING' }],
  [
    payment(RESOLVING),
    { type: 'ResolveAnswered', answer: 'declined' },
    {
      outcome: 'failed',
      changes: { status: 'FAILED', reason: 'DECLINED' },
      events: [{ type: 'PaymentFailed', data: { ...who, attempts: 4, reason: 'DECLINED' } }],
    },
  ],
  [
    payment(RESOLVING),
    { type: 'ResolveAnswered', answer: 'void' },
    {
      outcome: 'failed',
      changes: { status: 'FAILED', reason: 'GATEWAY_UNAVAILABLE' },
      events: [{ type: 'PaymentFailed', data: { ...who, attempts: 4, reason: 'GATEWAY_UNAVAILABLE' } }],
    },
  ],
  [
    payment({ status: 'REFUND_PENDING', tries: 1, ...due }),
    overdue,
    {
      outcome: 'refunding',
      changes: { tries: 2, ...after(7_500), clock: FRESH },
      effects: [{ type: 'Refund', tries: 2 }],
    },
  ],
  [
    payment({ status: 'REFUND_PENDING' }),
    { type: 'RefundAnswered', answer: 'unreachable' },
    { outcome: 'unchanged: gateway unreachable' },
  ],
  [
    payment({ status: 'REFUND_PENDING', tries: 3 }),
    { type: 'RefundAnswered', answer: 'refunded' },
    {
      outcome: 'refunded',
      changes: { status: 'REFUNDED', tries: 0, wake: { kind: 'nudge', doublings: 0 } },
      events: [{ type: 'PaymentRefunded', data: { ...who, ...paid } }],
    },
  ],
  [
    payment({ status: 'REFUNDED', tries: 1, ...due }),
    overdue,
    {
      outcome: 'refunded',
      changes: { tries: 2, wake: { kind: 'nudge', doublings: 2 }, clock: FRESH },
      events: [{ type: 'PaymentRefunded', data: { ...who, ...paid } }],
    },
  ],
  [
    payment({ status: 'REFUNDED', tries: 2, ...due }),
    overdue,
    {
      outcome: 'refunded',
      changes: { tries: 3, wake: null, clock: FRESH },
      events: [{ type: 'PaymentRefunded', data: { ...who, ...paid } }],
    },
  ],
  [payment({ status: 'SUCCEEDED' }), reserved, { outcome: 'unchanged: SUCCEEDED' }],
  [
    payment({ status: 'SUCCEEDED', ...stale }),
    reserved,
    {
      outcome: 'unchanged: answered again',
      events: [{ type: 'PaymentProcessed', data: { ...who, ...paid, attempts: 1 } }],
    },
  ],
  [
    payment({ status: 'FAILED', ...stale }),
    reserved,
    {
      outcome: 'unchanged: answered again',
      events: [{ type: 'PaymentFailed', data: { ...who, attempts: 1, reason: 'GATEWAY_UNAVAILABLE' } }],
    },
  ],
  [payment({ status: 'RETRY_WAIT', ...stale }), reserved, { outcome: 'unchanged: RETRY_WAIT' }],
  [payment({ status: 'FAILED' }), { type: 'RefundPayment' }, { outcome: 'unchanged: FAILED' }],
  [payment({ status: 'SUCCEEDED', ...due }), overdue, { outcome: 'unchanged: SUCCEEDED' }],
];

test.each(cases)(
  '%j hears %j',
  (given, message, { outcome, changes = {}, events = [], effects = [], delayed = [] }) => {
    expect(decide(given, message)).toEqual({ state: { ...given, ...changes }, outcome, events, effects, delayed });
  },
);

test('a payment without an amount cannot be charged, and that is said', () => {
  for (const missing of ['amountMinor', 'currency', 'method'] as const)
    expect(() => decide(payment({ status: 'RETRY_WAIT', [missing]: null }), { type: 'RetryDue', attempt: 1 })).toThrow(
      'payment payment-1 has nothing to charge',
    );
});

test('a payment that nobody has heard of is NONE, and nothing of it is known', () => {
  expect(none).toEqual({
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
