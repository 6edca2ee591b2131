/** What the decisions of an order say, to the letter: the data of each event, and the words of each outcome. */
import { decideBy } from '@quadrille/service-chassis';
import { envelop, type EventData, type EventType } from '@quadrille/shared-events';
import { service } from '../service';
import { FRESH, type Order } from './order';

const decide = decideBy(service);

const who = { orderId: 'order-1', customerId: 'customer-1' };
const money = { totalMinor: 2_000, currency: 'USD' };
const requested = [{ productId: 'mug', quantity: 2, unitPriceMinor: null }];
const priced = [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }];
const order = (changes: Partial<Order> = {}): Order => ({
  ...who,
  status: 'PENDING',
  reason: null,
  items: requested,
  currency: 'USD',
  paymentMethod: 'tok_success',
  totalMinor: null,
  inventory: 'none',
  payment: 'none',
  attempts: 0,
  idempotencyKey: null,
  requestHash: 'hash',
  nudges: 0,
  clock: FRESH,
  record: null,
  ...changes,
});
const event = <Type extends EventType>(type: Type, data: EventData<Type>) =>
  envelop(type, data, { id: `id-${type}`, time: '2026-11-21T12:00:00.000Z' });
const reserved = event('InventoryReserved', { ...who, items: priced, ...money, paymentMethod: 'tok_success' });
const unavailable = event('InventoryUnavailable', {
  ...who,
  reason: 'OUT_OF_STOCK',
  lines: [{ productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 }],
});
const released = event('InventoryReleased', { ...who, items: priced });
const releasedUnpaid = event('InventoryReleased', { ...who, items: priced, reason: 'DECLINED' });
const processed = event('PaymentProcessed', { ...who, paymentId: 'payment-1', ...money, attempts: 2 });
const attemptFailed = event('PaymentAttemptFailed', { ...who, attempt: 1, reason: 'NOT_PROCESSED', retryInMs: 1_000 });
const failed = event('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' });
const voided = event('PaymentVoided', who);
const refunded = event('PaymentRefunded', { ...who, paymentId: 'payment-1', ...money });
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
    const state = { ...before, ...changes, ...(outcome.startsWith('unchanged') ? {} : { clock: FRESH }) };
    expect(decide(before, message)).toEqual({ state, outcome, events, effects: [], delayed: [] });
  });
}

test('an order that was changed just now is neither late nor due nor stale', () => {
  expect(FRESH).toEqual({ deadlinePassed: false, nudgeDue: false, stale: false });
});
