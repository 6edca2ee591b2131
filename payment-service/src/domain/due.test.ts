/** When a payment is looked at again, and what makes it as young as new: decided with its state, as data. */
import { decideBy } from '@quadrille/service-chassis';
import fc from 'fast-check';
import { service } from '../service';
import { hasMoved, LEASE_MS, TIMER_GRACE_MS, untilItWorksMs, type Payment, type PaymentStatus } from './payment';
import { chargeAnswered, inventoryReserved, orderCancelled, payment, paymentOverdue } from '../../test/builders';

const decide = decideBy(service);

const KEPT = { kind: 'kept' } as const;
const after = (ms: number) => ({ kind: 'after', ms }) as const;
const due = { due: true, stale: true };
const overdue = paymentOverdue();

test('a call of the gateway has its lease, a wait its pause and grace, a try that must work its lease and pause', () => {
  const wakeAfter = (given: Partial<Payment>, message: Parameters<typeof decide>[1]) =>
    decide(payment({ wake: KEPT, ...given }), message).state.wake;
  expect(wakeAfter({ status: 'NONE' }, inventoryReserved())).toEqual(after(LEASE_MS));
  expect(wakeAfter({ status: 'CHARGING' }, chargeAnswered('not processed'))).toEqual(after(1_000 + TIMER_GRACE_MS));
  expect(wakeAfter({ status: 'RESOLVING', tries: 1, clock: due }, overdue)).toEqual(after(untilItWorksMs(2)));
  expect(wakeAfter({ status: 'SUCCEEDED' }, orderCancelled())).toEqual(after(untilItWorksMs(0)));
});

test('a lease that ran out begins anew, though nothing else of the payment changes', () => {
  const before = payment({ status: 'CHARGING', unknown: true, wake: KEPT, clock: due });
  const { state } = decide(before, overdue);
  expect(hasMoved(before, state)).toBe(false);
  expect(state.wake).toEqual(after(LEASE_MS));
});

test('a refund is announced again after pauses that double, and then no more', () => {
  const wakes = [0, 1, 2].map(
    (tries) => decide(payment({ status: 'REFUNDED', tries, clock: due }), overdue).state.wake,
  );
  expect(wakes).toEqual([{ kind: 'nudge', doublings: 1 }, { kind: 'nudge', doublings: 2 }, null]);
});

test('a payment whose order is called off while the gateway is asked keeps its lease', () => {
  const { state } = decide(payment({ status: 'CHARGING', wake: KEPT }), orderCancelled());
  expect(state).toMatchObject({ stopWanted: true, wake: KEPT });
});

const moves: readonly (readonly [Partial<Payment>, boolean])[] = [
  [{ status: 'RETRY_WAIT' }, true],
  [{ attempt: 2 }, true],
  [{ stopWanted: true }, true],
  [{ unknown: true }, true],
  [{ tries: 1, wake: after(1), clock: due, reason: 'DECLINED' }, false],
];
test.each(moves)('a payment that differs in %j has moved: %s', (changes, moved) => {
  expect(hasMoved(payment(), payment(changes))).toBe(moved);
});

test('whatever is heard, exactly what still waits for something is due', () => {
  const waiting: ReadonlySet<PaymentStatus> = new Set(['CHARGING', 'RETRY_WAIT', 'RESOLVING', 'REFUND_PENDING']);
  const ended: ReadonlySet<PaymentStatus> = new Set(['NONE', 'SUCCEEDED', 'FAILED', 'VOIDED']);
  const anyMessage = fc.constantFrom(
    ...[
      inventoryReserved(),
      orderCancelled(),
      overdue,
      { type: 'RefundPayment' } as const,
      { type: 'RetryDue', attempt: 1 } as const,
    ],
    ...(['charged', 'declined', 'not processed', 'no answer'] as const).map((answer) => chargeAnswered(answer)),
    ...(['charged', 'void'] as const).map((answer) => ({ type: 'ResolveAnswered', answer }) as const),
    { type: 'RefundAnswered', answer: 'refunded' } as const,
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(anyMessage, fc.boolean()), { maxLength: 15 }), (history) => {
      let state = payment({ status: 'NONE', attempt: 0 });
      for (const [message, isDue] of history) {
        state = decide({ ...state, clock: { due: isDue, stale: isDue } }, message).state;
        if (waiting.has(state.status)) expect(state.wake).not.toBeNull();
        if (ended.has(state.status)) expect(state.wake).toBeNull();
      }
    }),
  );
});
