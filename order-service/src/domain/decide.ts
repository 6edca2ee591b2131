/**
 * The decisions of order-service: for every state and message, what follows. The order's row arbitrates confirm against
 * cancel against deadline: whoever commits first wins, and everybody else undoes their part when they hear of it.
 */
import type { Decision } from '@quadrille/service-chassis';
import { paymentFailureReasons, type NewEvent, type DomainEvent, type EventData } from '@quadrille/shared-events';
import {
  FRESH,
  hasMoved,
  inventoryFacets,
  isSettled,
  paymentFacets,
  wakeOf,
  type InventoryFacet,
  type Order,
  type OrderStatus,
  type PaymentFacet,
} from './order';

/** What people and clocks ask of an order. */
export type OrderCommand =
  | { readonly type: 'PlaceOrder'; readonly order: Order }
  | { readonly type: 'CancelOrder' }
  | { readonly type: 'CompleteOrder' }
  | { readonly type: 'OrderOverdue' };

/** An order, or nothing yet. */
export type OrderState = Order | undefined;

/** What order-service decides. It has no effects and no timers of its own. */
export type OrderDecision = Decision<OrderState, never, OrderCommand>;

const decided = (state: OrderState, outcome: string, events: readonly NewEvent[] = []): OrderDecision => ({
  state,
  outcome,
  events,
  effects: [],
  delayed: [],
});

const unchanged = (order: OrderState, why: string, events: readonly NewEvent[] = []) =>
  decided(order, `unchanged: ${why}`, events);

type Changes = Partial<
  Pick<Order, 'status' | 'reason' | 'inventory' | 'payment' | 'attempts' | 'items' | 'totalMinor' | 'nudges'>
>;

/**
 * The order with these changes, or the very same order when they change nothing. It is due anew when it has moved or
 * was nudged; what it only learns, such as a price, must not put off the nudge.
 */
function change(order: Order, changes: Changes): Order {
  const keys = Object.keys(changes) as (keyof Changes)[]; // exactly the keys of Changes that were given
  if (keys.every((key) => changes[key] === order[key])) return order;
  const next = { ...order, nudges: 0, ...changes, clock: FRESH };
  const isDueAnew = hasMoved(order, next) || next.nudges !== order.nudges;
  return isDueAnew ? { ...next, wake: wakeOf(next) } : next;
}

const higher = <Facet extends string>(scale: readonly Facet[], a: Facet, b: Facet): Facet =>
  scale.indexOf(a) > scale.indexOf(b) ? a : b;
const inventory = (order: Order, heard: InventoryFacet) => ({
  inventory: higher(inventoryFacets, order.inventory, heard),
});
const payment = (order: Order, heard: PaymentFacet) => ({ payment: higher(paymentFacets, order.payment, heard) });

const who = ({ orderId, customerId }: Order) => ({ orderId, customerId });

const orderCreated = (order: Order): NewEvent => ({
  type: 'OrderCreated',
  data: { ...who(order), items: [...order.items], currency: order.currency, paymentMethod: order.paymentMethod },
});
const orderConfirmed = (order: Order): NewEvent => ({
  type: 'OrderConfirmed',
  data: { ...who(order), totalMinor: order.totalMinor ?? 0, currency: order.currency },
});
const orderCancelled = (order: Order): NewEvent => ({
  type: 'OrderCancelled',
  data: { ...who(order), reason: cancellationReason(order) },
});

type CancellationReason = EventData<'OrderCancelled'>['reason'];
const cancellationReason = ({ reason }: Order): CancellationReason =>
  reason === 'DEADLINE_EXCEEDED' || reason === 'REFUNDED' ? reason : 'CUSTOMER_REQUEST';

function cancel(order: Order, reason: CancellationReason, changes: Changes = {}): OrderDecision {
  const next = change(order, { ...changes, status: 'CANCELLED', reason });
  return decided(next, `cancelled: ${reason}`, [orderCancelled(next)]);
}

/** A facet moved, or nothing did; the status stays. */
const record = (order: Order, changes: Changes): OrderDecision => {
  const next = change(order, changes);
  return next === order ? unchanged(order, `${order.status}, heard already`) : decided(next, `noted: ${order.status}`);
};

/** Ends a PENDING order; any other only notes what was heard. */
function endPending(order: Order, status: OrderStatus, reason: string, changes: Changes): OrderDecision {
  if (order.status !== 'PENDING') return record(order, changes);
  return decided(change(order, { ...changes, status, reason }), status.toLowerCase());
}

/** Stock is reserved: the order has its prices. */
export const recordReservation = (order: Order, { data }: DomainEvent<'InventoryReserved'>): OrderDecision =>
  record(order, {
    ...inventory(order, 'reserved'),
    ...(order.inventory === 'none' ? { items: data.items, totalMinor: data.totalMinor } : {}),
  });

/** Stock cannot be had: a PENDING order is rejected. */
export const reject = (order: Order, { data }: DomainEvent<'InventoryUnavailable'>): OrderDecision =>
  endPending(order, 'REJECTED', data.reason, inventory(order, 'unavailable'));

/** What inventory-service calls a payment that failed, of all the reasons to release stock. */
const isPaymentFailure = (reason: string | undefined): reason is EventData<'PaymentFailed'>['reason'] =>
  paymentFailureReasons.some((each) => each === reason);

/**
 * Stock is back on sale. An order that is PENDING long after a failed payment gave its stock back has lost the news of
 * that payment, and nobody will bring it again: this is the same news. It was one attempt more than was heard of.
 */
export function recordRelease(order: Order, { data }: DomainEvent<'InventoryReleased'>): OrderDecision {
  const changes = inventory(order, 'released');
  if (order.status !== 'PENDING' || !order.clock.stale || !isPaymentFailure(data.reason)) return record(order, changes);
  const attempts = order.attempts + 1;
  return endPending(order, 'FAILED', data.reason, { ...changes, ...payment(order, 'over'), attempts });
}

/** Money was taken: a PENDING order is confirmed. Heard again long after, the answer is given again. */
export function confirm(order: Order, { data }: DomainEvent<'PaymentProcessed'>): OrderDecision {
  const changes = {
    ...payment(order, 'processed'),
    attempts: Math.max(order.attempts, data.attempts),
    totalMinor: order.totalMinor ?? data.totalMinor,
  };
  if (order.status === 'PENDING') {
    const next = change(order, { ...changes, status: 'CONFIRMED' });
    return decided(next, 'confirmed', [orderConfirmed(next)]);
  }
  const heard = record(order, changes);
  if (heard.state !== order || !order.clock.stale) return heard;
  if (order.status === 'CONFIRMED' || order.status === 'COMPLETED')
    return unchanged(order, 'answered again', [orderConfirmed(order)]);
  if (order.status === 'CANCELLED') return unchanged(order, 'answered again', [orderCancelled(order)]);
  return heard;
}

/** An attempt brought nothing and another will follow. */
export const recordAttempt = (order: Order, { data }: DomainEvent<'PaymentAttemptFailed'>): OrderDecision =>
  record(order, { attempts: Math.max(order.attempts, data.attempt) });

/** No money can be had: a PENDING order has failed. */
export const fail = (order: Order, { data }: DomainEvent<'PaymentFailed'>): OrderDecision =>
  endPending(order, 'FAILED', data.reason, {
    ...payment(order, 'over'),
    attempts: Math.max(order.attempts, data.attempts),
  });

/** No money was taken and none will be. */
export const recordVoid = (order: Order): OrderDecision => record(order, payment(order, 'over'));

/** Money was given back: what is not handed over is cancelled, what is stays with the customer. */
export function recordRefund(order: Order): OrderDecision {
  const changes = payment(order, 'over');
  switch (order.status) {
    case 'PENDING':
    case 'CONFIRMED':
      return cancel(order, 'REFUNDED', changes);
    case 'COMPLETED':
      return decided(change(order, { ...changes, status: 'REFUNDED', reason: 'REFUNDED' }), 'refunded');
    case 'REFUNDED':
      return order.clock.stale
        ? unchanged(order, 'answered again', [orderConfirmed(order)])
        : unchanged(order, 'REFUNDED, heard already');
    case 'CANCELLED':
    case 'FAILED':
    case 'REJECTED':
      return record(order, changes);
  }
}

/** A new order; the same idempotency key again finds the first one. */
export function place(existing: OrderState, { order }: Extract<OrderCommand, { type: 'PlaceOrder' }>): OrderDecision {
  if (!existing) return decided({ ...order, wake: wakeOf(order) }, 'placed', [orderCreated(order)]);
  return unchanged(
    existing,
    existing.requestHash === order.requestHash ? 'placed already' : 'the key belongs to another request',
  );
}

/** The customer no longer wants it: wins at once, unless the order is over or handed over. */
export function cancelOnRequest(order: Order): OrderDecision {
  if (order.status === 'PENDING' || order.status === 'CONFIRMED') return cancel(order, 'CUSTOMER_REQUEST');
  return unchanged(order, order.status);
}

/** The goods were handed over. */
export function complete(order: Order): OrderDecision {
  if (order.status !== 'CONFIRMED') return unchanged(order, order.status);
  const next = change(order, { status: 'COMPLETED' });
  return decided(next, 'completed', [{ type: 'OrderCompleted', data: who(next) }]);
}

/** Past its deadline, an order is cancelled; waiting too long for an answer, the question is asked again. */
export function expireOrNudge(order: Order): OrderDecision {
  if (isSettled(order)) return unchanged(order, 'settled');
  if (order.status === 'PENDING' && order.clock.deadlinePassed) return cancel(order, 'DEADLINE_EXCEEDED');
  if (!order.clock.nudgeDue) return unchanged(order, 'not due');
  const next = change(order, { nudges: order.nudges + 1 });
  return decided(next, 'nudged', [order.status === 'CANCELLED' ? orderCancelled(next) : orderCreated(next)]);
}

/** A decision about an order that exists; about none, there is nothing to do. */
export const ifKnown =
  <Message>(decision: (order: Order, message: Message) => OrderDecision) =>
  (state: OrderState, message: Message): OrderDecision =>
    state ? decision(state, message) : unchanged(state, 'no such order');
