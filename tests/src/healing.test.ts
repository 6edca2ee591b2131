/**
 * Any single delivery may be lost, and the order still ends well. For each event and each of its hearers, and for the
 * timer of a retry, a thief's queue takes the place of the hearer's on the exchange until it has caught one message:
 * the broker has confirmed the message, and its hearer never receives it.
 */
import { exchangeOf, type EventType } from '@quadrille/shared-events';
import { services, topology } from '@quadrille/operator/src/services';
import type { Order, OrderRequest, Shop } from '@quadrille/operator/src/demo/client';
import { outcomeOf } from '@quadrille/operator/src/demo/kinds';
import { eventually } from '@quadrille/test-kit';
import { openSpy, type Spy } from '@quadrille/test-kit/src/spy';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/**
 * When the system begins to heal here, in milliseconds: longer than a healthy step takes, so that most sagas are not
 * disturbed.
 */
const HEALING_AFTER_MS = 600;

/**
 * A loss takes a few nudges to heal, each after a longer pause, and the next theft may catch the first nudge. In
 * milliseconds.
 */
const HEALED_WITHIN_MS = 45_000;

let system: TestSystem;
let spy: Spy;

beforeAll(async () => {
  system = await startTestSystem({ HEALING_AFTER_MS: String(HEALING_AFTER_MS) });
  spy = await openSpy(system.virtualHost.adminUrl);
});
afterAll(async () => {
  await spy.close();
  await system.stop();
});

type Life = (shop: Shop) => Promise<string>;

/** Returns a life in which an order is placed and nothing else; it resolves with the order's id. */
const place =
  (payment_method: string, product_id = 'acorn-sticker'): Life =>
  async (shop) => {
    const request: OrderRequest = { customer_id: 'hope', items: [{ product_id, quantity: 1 }], payment_method };
    return (await shop.place(request)).order_id;
  };

/** Returns a life in which an order is placed, and acted on as soon as it has a status. */
const placeAnd =
  (method: string, ready: (order: Order) => boolean, act: (shop: Shop, orderId: string) => Promise<unknown>): Life =>
  async (shop) => {
    const orderId = await place(method)(shop);
    await eventually(async () => {
      expect(ready(await shop.order(orderId))).toBe(true);
    });
    await act(shop, orderId);
    return orderId;
  };

const isConfirmed = ({ status }: Order) => status === 'CONFIRMED';
const good = place('tok_success');
const unknown = place('tok_success', 'no-such-product');
const declined = place('tok_decline');
const flaky = place('tok_flaky_1');
const cancelledLate = placeAnd('tok_success', isConfirmed, (shop, id) => shop.cancel(id));
const cancelledWaiting = placeAnd(
  'tok_unavailable',
  ({ attempts }) => attempts > 0,
  (shop, id) => shop.cancel(id),
);
const completed = placeAnd('tok_success', isConfirmed, (shop, id) => shop.complete(id));
const refunded = placeAnd('tok_success', isConfirmed, async (shop, id) =>
  shop.refund((await shop.paymentOf(id)).payment_id),
);
const refundedLate = placeAnd('tok_success', isConfirmed, async (shop, id) => {
  await shop.complete(id);
  return shop.refund((await shop.paymentOf(id)).payment_id);
});

const CANCELLED_UNPAID = 'CANCELLED: CUSTOMER_REQUEST, payment VOIDED';
const CANCELLED_PAID = 'CANCELLED: CUSTOMER_REQUEST, payment REFUNDED';

/** The message that is lost, the order's life, and how the order must end. */
const losses: readonly (readonly [EventType, string, Life, string])[] = [
  ['OrderCreated', 'inventory-service', good, 'CONFIRMED'],
  ['OrderConfirmed', 'inventory-service', good, 'CONFIRMED'],
  ['OrderConfirmed', 'notification-service', good, 'CONFIRMED'],
  ['OrderCompleted', 'notification-service', completed, 'COMPLETED'],
  ['OrderCancelled', 'inventory-service', cancelledLate, CANCELLED_PAID],
  ['OrderCancelled', 'payment-service', cancelledLate, CANCELLED_PAID],
  ['OrderCancelled', 'notification-service', cancelledLate, CANCELLED_PAID],
  ['InventoryReserved', 'payment-service', good, 'CONFIRMED'],
  ['InventoryReserved', 'order-service', good, 'CONFIRMED'],
  ['InventoryUnavailable', 'order-service', unknown, 'REJECTED: UNKNOWN_PRODUCT'],
  ['InventoryUnavailable', 'notification-service', unknown, 'REJECTED: UNKNOWN_PRODUCT'],
  ['InventoryReleased', 'order-service', declined, 'FAILED: DECLINED'],
  ['PaymentProcessed', 'order-service', good, 'CONFIRMED'],
  ['PaymentProcessed', 'notification-service', good, 'CONFIRMED'],
  ['PaymentAttemptFailed', 'order-service', flaky, 'CONFIRMED, 2 attempts'],
  ['PaymentFailed', 'order-service', declined, 'FAILED: DECLINED'],
  ['PaymentFailed', 'inventory-service', declined, 'FAILED: DECLINED'],
  ['PaymentFailed', 'notification-service', declined, 'FAILED: DECLINED'],
  ['PaymentVoided', 'order-service', cancelledWaiting, CANCELLED_UNPAID],
  ['PaymentRefunded', 'order-service', refunded, 'CANCELLED: REFUNDED, payment REFUNDED'],
  ['PaymentRefunded', 'order-service', refundedLate, 'REFUNDED, payment REFUNDED'],
  ['PaymentRefunded', 'notification-service', cancelledLate, CANCELLED_PAID],
];

/**
 * Lives an order while messages with `routingKey` are stolen from a hearer's queue, until the thief has one of that
 * order.
 */
async function steal(
  { shop }: TestSystem,
  thief: Spy,
  exchange: string,
  routingKey: string,
  hearer: string,
  life: Life,
): Promise<string> {
  const isTheirs = (queue: string) => queue.split('.')[0] === hearer;
  const { queue = '' } = topology.bindings.find((each) => each.routingKey === routingKey && isTheirs(each.queue)) ?? {};
  await thief.listen(exchange, routingKey);
  await thief.channel.unbindQueue(queue, exchange, routingKey);
  const orderId = await life(shop);
  await eventually(() => {
    expect(thief.heard.some((heard) => heard.orderId === orderId && heard.routingKey === routingKey)).toBe(true);
  });
  await thief.channel.bindQueue(queue, exchange, routingKey);
  await thief.ignore(exchange, routingKey);
  return orderId;
}

async function endOf(orderId: string): Promise<string> {
  const order = await system.shop.order(orderId);
  if (!order.settled) return `${order.status}, not settled`;
  const { status } = await system.shop.paymentOf(orderId).catch(() => ({ status: undefined }));
  return outcomeOf(order, status);
}

/** How each order must end; they heal during the following thefts. */
const expected = new Map<string, string>();

/** The order of whose refund notification-service was not told. */
let refundUntold = '';

it('every event is among the losses, with each of its hearers', () => {
  const bound = Object.values(services).flatMap(({ table }) =>
    Object.keys(table.hears).map((event) => `${event} ${table.name}`),
  );
  const lost = losses.map(([event, hearer]) => `${event} ${hearer}`);
  expect([...new Set(lost)].sort()).toEqual(bound.sort());
});

it.each(losses)('%s is lost on its way to %s', async (event, hearer, life, end) => {
  const orderId = await steal(system, spy, exchangeOf(event), event, hearer, life);
  expected.set(orderId, `${end} (${event} was lost on its way to ${hearer})`);
  if (event === 'PaymentRefunded' && hearer === 'notification-service') refundUntold = orderId;
});

it('the timer of a retry is lost', async () => {
  const orderId = await steal(system, spy, 'payment-service.control', 'retry', 'payment-service', flaky);
  expected.set(orderId, 'CONFIRMED, 2 attempts (its timer was lost)');
});

it('all of them end well', async () => {
  for (const [orderId, end] of expected) {
    const [outcome = ''] = end.split(' (');
    const why = end.slice(outcome.length);
    await eventually(async () => {
      expect(`${await endOf(orderId)}${why}`).toBe(end);
    }, HEALED_WITHIN_MS);
  }
});

describe('past its deadline', () => {
  let late: TestSystem;
  beforeAll(async () => {
    late = await startTestSystem({ ORDER_DEADLINE_MS: '1500', HEALING_AFTER_MS: '500' });
  });
  afterAll(() => late.stop());

  it('an order that is still PENDING is cancelled, and whoever was late finds it so', async () => {
    late.services.payment.freeze();
    const orderId = await good(late.shop);
    await eventually(async () => {
      expect(await late.shop.order(orderId)).toMatchObject({ status: 'CANCELLED', reason: 'DEADLINE_EXCEEDED' });
    });
    late.services.payment.thaw();
    const order = await late.shop.settled(orderId, AbortSignal.timeout(HEALED_WITHIN_MS));
    expect(order).toMatchObject({ status: 'CANCELLED', reason: 'DEADLINE_EXCEEDED' });
    expect(['VOIDED', 'REFUNDED']).toContain((await late.shop.paymentOf(orderId)).status);
  });

  it('leaves every invariant whole', async () => {
    expect((await late.verify()).breaches).toEqual([]);
  });
});

it('a refund whose news was lost on its way to notification-service is told all the same', async () => {
  const { customer_id } = await system.shop.order(refundUntold);
  await eventually(async () => {
    const response = await fetch(`${system.urls.notification}/notifications/customer/${customer_id}?limit=100`);
    // The form in its OpenAPI document.
    const { items } = (await response.json()) as { items: { order_id: string; kind: string }[] };
    expect(items.filter(({ order_id }) => order_id === refundUntold).map(({ kind }) => kind)).toContain('REFUNDED');
  }, HEALED_WITHIN_MS);
});

it('leaves every invariant whole', async () => {
  // A nudge commits stock that was left reserved, so this takes as long as a nudge.
  const verdict = await system.verify({ requested: [...expected.keys()], persistMs: HEALED_WITHIN_MS });
  expect(verdict.breaches.map((breach) => ({ ...breach, lost: expected.get(breach.orderId ?? '') }))).toEqual([]);
});
