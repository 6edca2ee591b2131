/** What inventory-service decides, message by message: the state, the data of events, the words of outcomes. */
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { FRESH, moveStock, type Reservation, type ReservationState, type Stock } from './reservation';
import {
  inventoryReleased,
  inventoryReserved,
  inventoryUnavailable,
  mug,
  mugs,
  noReservation,
  orderCancelled,
  orderConfirmed,
  orderCreated,
  orderCreatedForTooMany,
  paymentFailed,
  priced,
  refusal,
  reservation,
  reservationOverdue,
  tombstone,
} from '../../test/builders';

/** What a sentence names: the fields of the reservation, and the stock. */
type Fields = Reservation & { readonly stock: Stock };
const givenState = specify(service, ({ reservation, stock }: ReservationState): Partial<Fields> => ({
  ...reservation,
  stock,
}));
/** A reservation, or none, beside a stock of five mugs on sale, two held and two sold. */
const given = (known: Reservation | undefined) => givenState({ reservation: known, stock: mugs() });

const stale = { nudgeDue: false, stale: true };
const due = { nudgeDue: true, stale: false };

describe('when an order wants stock (OrderCreated)', () => {
  test('it is reserved for a new order, at the price of the catalogue', () => {
    given(noReservation)
      .hears(orderCreated())
      .then({
        ...reservation(),
        stock: mugs({ available: 3, reserved: 4 }),
        publishes: [inventoryReserved()],
        outcome: 'reserved',
      });
  });

  test('a new order that wants more than there is gets nothing, and is told why', () => {
    given(noReservation)
      .hears(orderCreatedForTooMany())
      .then({ ...refusal(), publishes: [inventoryUnavailable()], outcome: 'unavailable: OUT_OF_STOCK' });
  });

  test('an order that was refused gets nothing now either', () => {
    given(refusal()).hears(orderCreated()).thenNothing('unchanged: UNAVAILABLE');
  });

  test('an order that was refused long ago is refused again', () => {
    given(refusal({ clock: stale }))
      .hears(orderCreatedForTooMany())
      .then({ publishes: [inventoryUnavailable()], outcome: 'unchanged: answered again' });
  });

  test('an order that was cancelled before it was heard of gets nothing', () => {
    given(tombstone()).hears(orderCreated()).thenNothing('unchanged: TOMBSTONE');
  });

  test('an order whose stock is back on sale gets nothing again', () => {
    given(reservation({ status: 'RELEASED' }))
      .hears(orderCreated())
      .thenNothing('unchanged: RELEASED');
  });
});

describe('when an order is paid for (OrderConfirmed)', () => {
  test('what was reserved is sold', () => {
    given(reservation())
      .hears(orderConfirmed())
      .then({ status: 'COMMITTED', wake: null, stock: mugs({ reserved: 0, committed: 4 }), outcome: 'committed' });
  });

  test('nothing is sold of what was not reserved', () => {
    given(noReservation).hears(orderConfirmed()).thenNothing('unchanged: nothing was reserved');
  });
});

describe('when no money can be had (PaymentFailed)', () => {
  test('what was reserved is back on sale', () => {
    given(reservation())
      .hears(paymentFailed())
      .then({
        status: 'RELEASED',
        reason: 'DECLINED',
        wake: null,
        stock: mugs({ available: 7, reserved: 0 }),
        publishes: [inventoryReleased({ reason: 'DECLINED' })],
        outcome: 'released',
      });
  });

  test('what is sold stays sold', () => {
    given(reservation({ status: 'COMMITTED' }))
      .hears(paymentFailed())
      .thenNothing('unchanged: COMMITTED');
  });

  test('nothing is released of what was not reserved', () => {
    given(noReservation).hears(paymentFailed()).thenNothing('unchanged: nothing was reserved');
  });
});

describe('when an order is no longer wanted (OrderCancelled)', () => {
  test('what was reserved is back on sale', () => {
    given(reservation({ clock: stale }))
      .hears(orderCancelled())
      .then({
        status: 'RELEASED',
        reason: 'CUSTOMER_REQUEST',
        wake: null,
        clock: FRESH,
        stock: mugs({ available: 7, reserved: 0 }),
        publishes: [inventoryReleased()],
        outcome: 'released',
      });
  });

  test('what was sold is back on sale', () => {
    given(reservation({ status: 'COMMITTED' }))
      .hears(orderCancelled())
      .then({
        status: 'RELEASED',
        reason: 'CUSTOMER_REQUEST',
        stock: mugs({ available: 7, committed: 0 }),
        publishes: [inventoryReleased()],
        outcome: 'released',
      });
  });

  test('an order that was not heard of yet is remembered, so that it never gets any stock', () => {
    given(noReservation)
      .hears(orderCancelled())
      .then({
        ...tombstone(),
        publishes: [inventoryReleased({ items: [] })],
        outcome: 'released: nothing was reserved',
      });
  });
});

describe('when the sweeper comes by (ReservationOverdue)', () => {
  test('a reservation that has waited for its payment is announced again', () => {
    given(reservation({ nudges: 1, clock: due }))
      .receives(reservationOverdue())
      .then({
        nudges: 2,
        wake: { kind: 'nudge', doublings: 2 },
        clock: FRESH,
        publishes: [inventoryReserved()],
        outcome: 'nudged',
      });
  });

  test('a reservation for which nothing is due is left alone', () => {
    given(reservation()).receives(reservationOverdue()).thenNothing('unchanged: not due');
  });

  test('a reservation that waits for nothing is left alone', () => {
    given(reservation({ status: 'RELEASED' }))
      .receives(reservationOverdue())
      .thenNothing('unchanged: RELEASED');
  });

  test('where nothing was reserved, nothing happens', () => {
    given(noReservation).receives(reservationOverdue()).thenNothing('unchanged: nothing was reserved');
  });
});

test('units that are not there do not move, and neither do those of a product that nobody knows', () => {
  expect(moveStock(mugs(), priced(2), 'reserved', 'committed').get('mug')).toEqual({
    ...mug,
    reserved: 0,
    committed: 4,
  });
  expect(() => moveStock(mugs(), priced(3), 'reserved', 'committed')).toThrow(
    'mug: there are not 3 units reserved to become committed',
  );
  expect(() => moveStock(new Map(), priced(2), 'available', 'reserved')).toThrow(
    'mug: there are not 2 units available to become reserved',
  );
});

test('a reservation that was changed just now is neither due nor stale', () => {
  expect(FRESH).toEqual({ nudgeDue: false, stale: false });
});
