/** What holds for stock whatever arrives, in whatever order, however often. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import fc from 'fast-check';
import { service, type Heard } from '../service';
import type { ReservationCommand } from './decide';
import type { Product, Reservation } from './reservation';
import { orderCancelled, orderConfirmed, orderCreated, paymentFailed } from '../../test/builders';

const decide = decideBy(service);

type Message = DomainEvent<Heard> | ReservationCommand;

interface Delivery {
  readonly orderId: string;
  readonly message: Message;
}

const PRODUCTS = ['bean', 'cup', 'jug'];
const UNITS = 8;

/** Decides deliveries one after another on one stock, as the store does for a batch. */
function play(deliveries: readonly Delivery[]) {
  const stock = new Map<string, Product>();
  for (const productId of PRODUCTS) {
    stock.set(productId, { productId, priceMinor: 100, currency: 'USD', available: UNITS, reserved: 0, committed: 0 });
  }
  const reservations = new Map<string, Reservation>();
  for (const { orderId, message } of deliveries) {
    const { state } = decide({ reservation: reservations.get(orderId), stock }, message);
    if (state.reservation) reservations.set(orderId, state.reservation);
    for (const [id, product] of state.stock) stock.set(id, product);
  }
  return { stock, reservations };
}

const held = (reservations: Iterable<Reservation>, status: Reservation['status'], productId: string) =>
  [...reservations]
    .filter((reservation) => reservation.status === status)
    .flatMap(({ items }) => items)
    .filter((line) => line.productId === productId)
    .reduce((sum, { quantity }) => sum + quantity, 0);

function expectConserved({ stock, reservations }: ReturnType<typeof play>) {
  for (const [productId, { available, reserved, committed }] of stock) {
    expect(available).toBeGreaterThanOrEqual(0);
    expect(available + reserved + committed).toBe(UNITS);
    expect(reserved).toBe(held(reservations.values(), 'RESERVED', productId));
    expect(committed).toBe(held(reservations.values(), 'COMMITTED', productId));
  }
}

const linesArbitrary = fc
  .uniqueArray(
    fc.record({ productId: fc.constantFrom(...PRODUCTS, 'unicorn'), quantity: fc.integer({ min: 1, max: 4 }) }),
    {
      minLength: 1,
      selector: ({ productId }) => productId,
    },
  )
  .map((lines) => lines.map((line) => ({ ...line, unitPriceMinor: null })));

/** Everything that one order could ever make the others say. */
const ordersArbitrary = fc.array(linesArbitrary, { minLength: 1, maxLength: 6 }).map((orders) =>
  orders.map((items, index) => {
    const who = { orderId: `order-${String(index)}`, customerId: 'customer-1' };
    return {
      created: orderCreated({ ...who, items }),
      confirmed: orderConfirmed(who),
      cancelled: orderCancelled(who),
      failed: paymentFailed(who),
    };
  }),
);

const toDelivery = (message: DomainEvent<Heard>): Delivery => ({ orderId: message.subject, message });

test('stock is conserved, whatever is delivered in whatever order', () => {
  fc.assert(
    fc.property(
      ordersArbitrary.chain((orders) =>
        fc.array(fc.constantFrom(...orders.flatMap((order) => Object.values(order)).map(toDelivery)), {
          maxLength: 60,
        }),
      ),
      (deliveries) => {
        deliveries.forEach((_, index) => {
          expectConserved(play(deliveries.slice(0, index + 1)));
        });
      },
    ),
  );
});

test('everything delivered again, in any order, changes nothing', () => {
  const scenario = ordersArbitrary.chain((orders) => {
    // What can really happen: the order's own events, and then one of its ends.
    const ends = orders.map(({ created, confirmed, cancelled, failed }) =>
      fc
        .constantFrom(
          [created],
          [created, confirmed],
          [created, confirmed, cancelled],
          [created, cancelled],
          [created, failed],
        )
        .map((events) => events.map(toDelivery)),
    );
    return fc
      .tuple(...ends)
      .map((each) => each.flat())
      .chain((deliveries) => fc.tuple(fc.constant(deliveries), fc.shuffledSubarray([...deliveries, ...deliveries])));
  });
  fc.assert(
    fc.property(scenario, ([deliveries, again]) => {
      const once = play(deliveries);
      const repeated = play([...deliveries, ...again]);
      expect(repeated.stock).toEqual(once.stock);
      expect(repeated.reservations).toEqual(once.reservations);
    }),
  );
});

test('a cancelled order holds nothing, in whichever order its events arrive', () => {
  fc.assert(
    fc.property(
      ordersArbitrary.chain((orders) => {
        const deliveries = orders
          .flatMap(({ created, confirmed, cancelled }) => [created, confirmed, cancelled])
          .map(toDelivery);
        return fc.shuffledSubarray(deliveries, { minLength: deliveries.length });
      }),
      (deliveries) => {
        const end = play(deliveries);
        for (const { available } of end.stock.values()) expect(available).toBe(UNITS);
        for (const { status } of end.reservations.values()) {
          expect(['RELEASED', 'UNAVAILABLE', 'TOMBSTONE']).toContain(status);
        }
      },
    ),
  );
});
