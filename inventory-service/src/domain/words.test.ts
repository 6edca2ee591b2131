/** What the decisions of a reservation say, to the letter: the next state, the data of events, the words of each outcome. */
import { decideBy } from '@quadrille/service-chassis';
import { envelop, type EventData, type EventType } from '@quadrille/shared-events';
import { service } from '../service';
import { FRESH, moveStock, type GrantedReservation, type Product, type Reservation } from './reservation';

const decide = decideBy(service);

const who = { orderId: 'order-1', customerId: 'customer-1' };
const requested = [{ productId: 'mug', quantity: 2, unitPriceMinor: null }];
const priced = [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }];
const terms = { totalMinor: 2_000, currency: 'USD', paymentMethod: 'tok_success' };
const mug: Product = { productId: 'mug', priceMinor: 1_000, currency: 'USD', available: 5, reserved: 2, committed: 2 };
const lineAtFault = { productId: 'mug', quantity: 6, quantityAvailable: 5, unitPriceMinor: 1_000 };

const event = <Type extends EventType>(type: Type, data: EventData<Type>) =>
  envelop(type, data, { id: `id-${type}`, time: '2026-11-21T12:00:00.000Z' });
const orderCreated = (quantity: number) =>
  event('OrderCreated', {
    ...who,
    items: requested.map((line) => ({ ...line, quantity })),
    currency: 'USD',
    paymentMethod: 'tok_success',
  });
const confirmed = event('OrderConfirmed', { ...who, totalMinor: 2_000, currency: 'USD' });
const cancelled = event('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' });
const unpaid = event('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' });
const overdue = { type: 'ReservationOverdue' } as const;

const common = { ...who, nudges: 0, wake: null, clock: FRESH };
const nudgeAfter = (nudges: number) => ({ kind: 'nudge', doublings: nudges }) as const;
const granted = (
  status: 'RESERVED' | 'COMMITTED' | 'RELEASED',
  reason: GrantedReservation['reason'] = null,
): Reservation => ({
  ...common,
  wake: status === 'RESERVED' ? nudgeAfter(0) : null,
  status,
  reason,
  items: priced,
  ...terms,
});
const refused: Reservation = {
  ...common,
  status: 'UNAVAILABLE',
  reason: 'OUT_OF_STOCK',
  items: [{ productId: 'mug', quantity: 6, unitPriceMinor: null }],
  linesAtFault: [lineAtFault],
};
const tombstone: Reservation = { ...common, status: 'TOMBSTONE', reason: 'CUSTOMER_REQUEST', items: [] };
const stale = { nudgeDue: false, stale: true };
const due = { nudgeDue: true, stale: false };

const saysReserved = { type: 'InventoryReserved', data: { ...who, items: priced, ...terms } };
const saysUnavailable = {
  type: 'InventoryUnavailable',
  data: { ...who, reason: 'OUT_OF_STOCK', lines: [lineAtFault] },
};
const saysReleased = (items: readonly object[], reason = 'CUSTOMER_REQUEST') => ({
  type: 'InventoryReleased',
  data: { ...who, items, reason },
});

const cases: readonly (readonly [
  given: Reservation | undefined,
  message: Parameters<typeof decide>[1],
  outcome: string,
  next: Reservation | undefined,
  levels: readonly [available: number, reserved: number, committed: number],
  ...events: readonly object[],
])[] = [
  [undefined, orderCreated(2), 'reserved', granted('RESERVED'), [3, 4, 2], saysReserved],
  [undefined, orderCreated(6), 'unavailable: OUT_OF_STOCK', refused, [5, 2, 2], saysUnavailable],
  [undefined, confirmed, 'unchanged: nothing was reserved', undefined, [5, 2, 2]],
  [undefined, unpaid, 'unchanged: nothing was reserved', undefined, [5, 2, 2]],
  [undefined, overdue, 'unchanged: nothing was reserved', undefined, [5, 2, 2]],
  [undefined, cancelled, 'released: nothing was reserved', tombstone, [5, 2, 2], saysReleased([])],
  [granted('RESERVED'), confirmed, 'committed', granted('COMMITTED'), [5, 0, 4]],
  [
    granted('RESERVED'),
    unpaid,
    'released',
    granted('RELEASED', 'DECLINED'),
    [7, 0, 2],
    saysReleased(priced, 'DECLINED'),
  ],
  [
    { ...granted('RESERVED'), clock: stale },
    cancelled,
    'released',
    granted('RELEASED', 'CUSTOMER_REQUEST'),
    [7, 0, 2],
    saysReleased(priced),
  ],
  [
    granted('COMMITTED'),
    cancelled,
    'released',
    granted('RELEASED', 'CUSTOMER_REQUEST'),
    [7, 2, 0],
    saysReleased(priced),
  ],
  [granted('COMMITTED'), unpaid, 'unchanged: COMMITTED', granted('COMMITTED'), [5, 2, 2]],
  [granted('RELEASED'), overdue, 'unchanged: RELEASED', granted('RELEASED'), [5, 2, 2]],
  [granted('RESERVED'), overdue, 'unchanged: not due', granted('RESERVED'), [5, 2, 2]],
  [
    { ...granted('RESERVED'), nudges: 1, clock: due },
    overdue,
    'nudged',
    { ...granted('RESERVED'), nudges: 2, wake: nudgeAfter(2) },
    [5, 2, 2],
    saysReserved,
  ],
  ...[refused, tombstone, granted('RELEASED')].map(
    (given) => [given, orderCreated(2), `unchanged: ${given.status}`, given, [5, 2, 2]] as const,
  ),
  [
    { ...refused, clock: stale },
    orderCreated(6),
    'unchanged: answered again',
    { ...refused, clock: stale },
    [5, 2, 2],
    saysUnavailable,
  ],
];

for (const [reservation, message, outcome, next, levels, ...events] of cases) {
  test(`${reservation?.status ?? 'none'} hears ${message.type}: ${outcome}`, () => {
    const [available, reserved, committed] = levels;
    expect(decide({ reservation, stock: new Map([['mug', mug]]) }, message)).toEqual({
      state: { reservation: next, stock: new Map([['mug', { ...mug, available, reserved, committed }]]) },
      outcome,
      events,
      effects: [],
      delayed: [],
    });
  });
}

test('units that are not there do not move, and neither do those of a product that nobody knows', () => {
  const stock = new Map([['mug', mug]]);
  expect(moveStock(stock, priced, 'reserved', 'committed').get('mug')).toEqual({ ...mug, reserved: 0, committed: 4 });
  const wanted = [{ productId: 'mug', quantity: 3, unitPriceMinor: 1_000 }];
  expect(() => moveStock(stock, wanted, 'reserved', 'committed')).toThrow(
    'mug: there are not 3 units reserved to become committed',
  );
  expect(() => moveStock(new Map(), priced, 'available', 'reserved')).toThrow(
    'mug: there are not 2 units available to become reserved',
  );
});

test('a reservation that was changed just now is neither due nor stale', () => {
  expect(FRESH).toEqual({ nudgeDue: false, stale: false });
});
