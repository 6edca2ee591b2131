import { decideBy } from '@quadrille/service-chassis';
import { service } from '../service';
import { FRESH, type Reservation, type ReservationClock, type ReservationState } from './reservation';
import {
  inventoryReleased,
  inventoryReserved,
  mugs,
  orderCancelled,
  orderConfirmed,
  orderCreated,
  orderCreatedForTooMany,
  paymentFailed,
  refusal,
  reservation,
  reservationOverdue,
  tombstone,
} from '../../test/builders';

const decide = decideBy(service);

const reservations = (clock: ReservationClock): Readonly<Record<string, Reservation | undefined>> => ({
  none: undefined,
  RESERVED: reservation({ clock }),
  COMMITTED: reservation({ status: 'COMMITTED', clock }),
  RELEASED: reservation({ status: 'RELEASED', reason: 'DECLINED', clock }),
  UNAVAILABLE: refusal({ clock }),
  TOMBSTONE: tombstone({ clock }),
});

const messages = {
  'OrderCreated, available': orderCreated(),
  'OrderCreated, at fault': orderCreatedForTooMany(),
  OrderConfirmed: orderConfirmed(),
  OrderCancelled: orderCancelled(),
  PaymentFailed: paymentFailed(),
  ReservationOverdue: reservationOverdue(),
};

const state = (name: string, clock: ReservationClock = FRESH): ReservationState => ({
  reservation: reservations(clock)[name],
  stock: mugs(),
});

/** One line of what a decision says: the status, the stock (available/reserved/committed), and what it publishes. */
const told = (before: ReservationState, name: keyof typeof messages) => {
  const { state: after, events } = decide(before, messages[name]);
  const product = after.stock.get('mug');
  const levels = [product?.available, product?.reserved, product?.committed].join('/');
  return [after.reservation?.status ?? 'none', levels, ...events.map(({ type }) => type)].join(' ');
};

/** Every state against every message, shortly after the state was reached: the table of the protocol. */
const table: readonly (readonly [string, keyof typeof messages, string])[] = [
  ['none', 'OrderCreated, available', 'RESERVED 3/4/2 InventoryReserved'],
  ['none', 'OrderCreated, at fault', 'UNAVAILABLE 5/2/2 InventoryUnavailable'],
  ['none', 'OrderConfirmed', 'none 5/2/2'],
  ['none', 'OrderCancelled', 'TOMBSTONE 5/2/2 InventoryReleased'],
  ['none', 'PaymentFailed', 'none 5/2/2'],
  ['none', 'ReservationOverdue', 'none 5/2/2'],
  ['RESERVED', 'OrderCreated, available', 'RESERVED 5/2/2'],
  ['RESERVED', 'OrderCreated, at fault', 'RESERVED 5/2/2'],
  ['RESERVED', 'OrderConfirmed', 'COMMITTED 5/0/4'],
  ['RESERVED', 'OrderCancelled', 'RELEASED 7/0/2 InventoryReleased'],
  ['RESERVED', 'PaymentFailed', 'RELEASED 7/0/2 InventoryReleased'],
  ['RESERVED', 'ReservationOverdue', 'RESERVED 5/2/2'],
  ['COMMITTED', 'OrderCreated, available', 'COMMITTED 5/2/2'],
  ['COMMITTED', 'OrderCreated, at fault', 'COMMITTED 5/2/2'],
  ['COMMITTED', 'OrderConfirmed', 'COMMITTED 5/2/2'],
  ['COMMITTED', 'OrderCancelled', 'RELEASED 7/2/0 InventoryReleased'],
  ['COMMITTED', 'PaymentFailed', 'COMMITTED 5/2/2'],
  ['COMMITTED', 'ReservationOverdue', 'COMMITTED 5/2/2'],
  ...(['RELEASED', 'UNAVAILABLE', 'TOMBSTONE'] as const).flatMap((name) =>
    // Object.keys is typed string[]; these are the keys of the table's messages.
    (Object.keys(messages) as (keyof typeof messages)[]).map((message) => [name, message, `${name} 5/2/2`] as const),
  ),
];

test.each(table)('reservation %s, on %s, is then %s', (name, message, expected) => {
  const before = state(name);
  expect(told(before, message)).toBe(expected);
  const [status] = expected.split(' ');
  if (status === name) expect(decide(before, messages[message]).state).toBe(before);
});

const STALE: ReservationClock = { stale: true, nudgeDue: false };

test.each([
  ['RESERVED', 'OrderCreated, available', 'RESERVED 5/2/2 InventoryReserved'],
  ['COMMITTED', 'OrderCreated, available', 'COMMITTED 5/2/2'],
  ['COMMITTED', 'OrderConfirmed', 'COMMITTED 5/2/2'],
  ['RELEASED', 'PaymentFailed', 'RELEASED 5/2/2 InventoryReleased'],
  ['RELEASED', 'OrderCancelled', 'RELEASED 5/2/2 InventoryReleased'],
  ['UNAVAILABLE', 'OrderCreated, available', 'UNAVAILABLE 5/2/2 InventoryUnavailable'],
  ['UNAVAILABLE', 'OrderCancelled', 'UNAVAILABLE 5/2/2 InventoryUnavailable'],
  ['TOMBSTONE', 'OrderCreated, available', 'TOMBSTONE 5/2/2 InventoryReleased'],
] as const)('reservation %s for long, on %s again, says its outcome again: %s', (name, message, expected) => {
  const before = state(name, STALE);
  expect(told(before, message)).toBe(expected);
  expect(decide(before, messages[message]).state).toBe(before);
});

test('a nudge announces the reservation again, once for each pause', () => {
  const { state: nudged, events } = decide(
    state('RESERVED', { stale: true, nudgeDue: true }),
    messages.ReservationOverdue,
  );
  expect(events).toEqual([{ type: 'InventoryReserved', data: inventoryReserved().data }]);
  expect(nudged.reservation).toMatchObject({ status: 'RESERVED', nudges: 1 });
  expect(decide(nudged, messages.ReservationOverdue).state).toBe(nudged);
});

test('what is announced is what holds: prices, total, reasons', () => {
  const { state: reserved, events } = decide(state('none'), messages['OrderCreated, available']);
  expect(events).toEqual([{ type: 'InventoryReserved', data: inventoryReserved().data }]);
  expect(decide(reserved, messages.PaymentFailed)).toMatchObject({
    state: { reservation: { status: 'RELEASED', reason: 'DECLINED' } },
    events: [{ type: 'InventoryReleased', data: inventoryReleased({ reason: 'DECLINED' }).data }],
  });
  expect(decide(state('none'), messages.OrderCancelled)).toMatchObject({
    state: { reservation: { status: 'TOMBSTONE', reason: 'CUSTOMER_REQUEST' } },
    events: [{ type: 'InventoryReleased', data: inventoryReleased({ items: [] }).data }],
  });
});

test('stock that is not there is a broken invariant, and said so', () => {
  const broken = { reservation: reservations(FRESH)['RESERVED'], stock: mugs({ reserved: 1 }) };
  expect(() => decide(broken, messages.OrderConfirmed)).toThrow('mug: there are not 2 units reserved');
});
