/** What the decisions of an order say, to the letter: the data of each event, and the words of each outcome. */
import { decideBy } from '@quadrille/service-chassis';
import { service } from '../service';
import { FRESH, wakeOf, type Order } from './order';
import { event, heard, money, order, priced, requested, who } from '../../test/samples';

const decide = decideBy(service);

const {
  InventoryReserved: reserved,
  InventoryUnavailable: unavailable,
  InventoryReleased: released,
  PaymentProcessed: processed,
  PaymentAttemptFailed: attemptFailed,
  PaymentFailed: failed,
  PaymentVoided: voided,
  PaymentRefunded: refunded,
} = heard;
const releasedUnpaid = event('InventoryReleased', { ...who, items: priced, reason: 'DECLINED' });
const due = { deadlinePassed: false, nudgeDue: true, stale: true };
const late = { deadlinePassed: true, nudgeDue: true, stale: true };

const created = {
  type: 'OrderCreated',
  data: { ...who, items: requested, currency: 'USD', paymentMethod: 'tok_success' },
};
const confirmed = { type: 'OrderConfirmed', data: { ...who, ...money } };
const cancelled = (reason: string) => ({ type: 'OrderCancelled', data: { ...who, reason } });
const paid = { payment: 'processed', attempts: 2, totalMinor: 2_000 } as const;

const cases: readonly (readonly [
  given: Partial<Order>,
  message: Parameters<typeof decide>[1],
  outcome: string,
  changes: Partial<Order>,
  ...events: readonly object[],
])[] = [
  [{}, reserved, 'noted: PENDING', { inventory: 'reserved', items: priced, totalMinor: 2_000 }],
  [{ inventory: 'released' }, reserved, 'unchanged: PENDING, heard already', {}],
  [{}, unavailable, 'rejected', { status: 'REJECTED', reason: 'OUT_OF_STOCK', inventory: 'unavailable' }],
  [{ status: 'CANCELLED' }, unavailable, 'noted: CANCELLED', { inventory: 'unavailable' }],
  [{ inventory: 'unavailable' }, released, 'noted: PENDING', { inventory: 'released' }],
  // Only a PENDING order takes a release for news of its payment: no other counts an attempt or closes the payment by it.
  [
    { status: 'FAILED', payment: 'over', attempts: 4, clock: due },
    releasedUnpaid,
    'noted: FAILED',
    { inventory: 'released' },
  ],
  [{ status: 'CANCELLED', attempts: 1, clock: due }, releasedUnpaid, 'noted: CANCELLED', { inventory: 'released' }],
  [{}, processed, 'confirmed', { status: 'CONFIRMED', ...paid }, confirmed],
  [
    { totalMinor: 1 },
    processed,
    'confirmed',
    { status: 'CONFIRMED', ...paid, totalMinor: 1 },
    { ...confirmed, data: { ...confirmed.data, totalMinor: 1 } },
  ],
  [{ attempts: 3 }, processed, 'confirmed', { status: 'CONFIRMED', ...paid, attempts: 3 }, confirmed],
  [{ status: 'CANCELLED', clock: due }, processed, 'noted: CANCELLED', paid],
  [{ status: 'CONFIRMED', ...paid }, processed, 'unchanged: CONFIRMED, heard already', {}],
  [{ status: 'CONFIRMED', ...paid, clock: due }, processed, 'unchanged: answered again', {}, confirmed],
  [
    { status: 'CANCELLED', reason: 'REFUNDED', ...paid, clock: due },
    processed,
    'unchanged: answered again',
    {},
    cancelled('REFUNDED'),
  ],
  // A cancellation always names a reason of its contract, though the order's own is any text.
  [
    { status: 'CANCELLED', reason: 'DECLINED', ...paid, clock: due },
    processed,
    'unchanged: answered again',
    {},
    cancelled('CUSTOMER_REQUEST'),
  ],
  [{}, attemptFailed, 'noted: PENDING', { attempts: 1 }],
  [{}, failed, 'failed', { status: 'FAILED', reason: 'DECLINED', payment: 'over', attempts: 4 }],
  [{ attempts: 5 }, failed, 'failed', { status: 'FAILED', reason: 'DECLINED', payment: 'over' }],
  [{}, voided, 'noted: PENDING', { payment: 'over' }],
  [
    {},
    refunded,
    'cancelled: REFUNDED',
    { status: 'CANCELLED', reason: 'REFUNDED', payment: 'over' },
    cancelled('REFUNDED'),
  ],
  [{ status: 'COMPLETED' }, refunded, 'refunded', { status: 'REFUNDED', reason: 'REFUNDED', payment: 'over' }],
  [{ status: 'REFUNDED' }, refunded, 'unchanged: REFUNDED, heard already', {}],
  [{ status: 'REFUNDED', ...paid, clock: due }, refunded, 'unchanged: answered again', {}, confirmed],
  [{ status: 'CANCELLED' }, refunded, 'noted: CANCELLED', { payment: 'over' }],
  [
    { nudges: 2 },
    { type: 'CancelOrder' },
    'cancelled: CUSTOMER_REQUEST',
    { status: 'CANCELLED', reason: 'CUSTOMER_REQUEST', nudges: 0 },
    cancelled('CUSTOMER_REQUEST'),
  ],
  [{ status: 'FAILED' }, { type: 'CancelOrder' }, 'unchanged: FAILED', {}],
  [
    { status: 'CONFIRMED' },
    { type: 'CompleteOrder' },
    'completed',
    { status: 'COMPLETED' },
    { type: 'OrderCompleted', data: who },
  ],
  [{}, { type: 'CompleteOrder' }, 'unchanged: PENDING', {}],
  [{ status: 'CONFIRMED' }, { type: 'OrderOverdue' }, 'unchanged: settled', {}],
  [{}, { type: 'OrderOverdue' }, 'unchanged: not due', {}],
  [
    { clock: late },
    { type: 'OrderOverdue' },
    'cancelled: DEADLINE_EXCEEDED',
    { status: 'CANCELLED', reason: 'DEADLINE_EXCEEDED' },
    cancelled('DEADLINE_EXCEEDED'),
  ],
  [{ nudges: 1, clock: due }, { type: 'OrderOverdue' }, 'nudged', { nudges: 2 }, created],
  [
    { status: 'CANCELLED', reason: 'DEADLINE_EXCEEDED', clock: late },
    { type: 'OrderOverdue' },
    'nudged',
    { nudges: 1 },
    cancelled('DEADLINE_EXCEEDED'),
  ],
];

for (const [given, message, outcome, changes, ...events] of cases) {
  test(`${JSON.stringify(given)} hears ${message.type}: ${outcome}`, () => {
    const before = order(given);
    const after = { ...before, ...changes };
    const state = outcome.startsWith('unchanged') ? after : { ...after, wake: wakeOf(after), clock: FRESH };
    expect(decide(before, message)).toEqual({ state, outcome, events, effects: [], delayed: [] });
  });
}

test('an order that was changed just now is neither late nor due nor stale', () => {
  expect(FRESH).toEqual({ deadlinePassed: false, nudgeDue: false, stale: false });
});
