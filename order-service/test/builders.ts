/** Orders, and what order-service hears, receives and publishes, as tests of the decisions use them. */
import { eventBuilder } from '@quadrille/test-kit/src/event-builder';
import type { OrderCommand } from '../src/domain/decide';
import { FRESH, type Order } from '../src/domain/order';

const who = { orderId: 'order-1', customerId: 'customer-1' };
const requested = [{ productId: 'mug', quantity: 2, unitPriceMinor: null }];
/** What was ordered, at the price that holds. */
export const priced = [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }];
const money = { totalMinor: 2_000, currency: 'USD' };
const paymentMethod = 'tok_success';

/** No order with this id is known. */
export const noOrder = undefined;

/** An order as the store has loaded it, fresh except for `changes`. */
export const order = (changes: Partial<Order> = {}): Order => ({
  ...who,
  status: 'PENDING',
  reason: null,
  items: requested,
  currency: 'USD',
  paymentMethod,
  totalMinor: null,
  inventory: 'none',
  payment: 'none',
  attempts: 0,
  idempotencyKey: null,
  requestHash: 'hash',
  nudges: 0,
  wake: { kind: 'kept' },
  clock: FRESH,
  record: null,
  ...changes,
});

/** Stock is reserved, at the prices that hold. */
export const inventoryReserved = eventBuilder('InventoryReserved', { ...who, items: priced, ...money, paymentMethod });
/** Stock cannot be had. */
export const inventoryUnavailable = eventBuilder('InventoryUnavailable', {
  ...who,
  reason: 'OUT_OF_STOCK',
  lines: [{ productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 }],
});
/** Stock is back on sale; without a reason, as older releases of inventory-service say it. */
export const inventoryReleased = eventBuilder('InventoryReleased', { ...who, items: priced });
/** Money was taken, at the second attempt. */
export const paymentProcessed = eventBuilder('PaymentProcessed', {
  ...who,
  paymentId: 'payment-1',
  ...money,
  attempts: 2,
});
/** The first attempt brought nothing. */
export const paymentAttemptFailed = eventBuilder('PaymentAttemptFailed', {
  ...who,
  attempt: 1,
  reason: 'NOT_PROCESSED',
  retryInMs: 1_000,
});
/** No money can be had, after four attempts. */
export const paymentFailed = eventBuilder('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' });
/** No money was taken and none will be. */
export const paymentVoided = eventBuilder('PaymentVoided', who);
/** Money was given back. */
export const paymentRefunded = eventBuilder('PaymentRefunded', { ...who, paymentId: 'payment-1', ...money });

/** The order was placed. */
export const orderCreated = eventBuilder('OrderCreated', {
  ...who,
  items: requested,
  currency: 'USD',
  paymentMethod,
});
/** The order is paid for. */
export const orderConfirmed = eventBuilder('OrderConfirmed', { ...who, ...money });
/** The goods were handed over. */
export const orderCompleted = eventBuilder('OrderCompleted', who);
/** The order is off. */
export const orderCancelled = eventBuilder('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' });

/** A customer wants this order. */
export const placeOrder = (wanted: Order): OrderCommand => ({ type: 'PlaceOrder', order: wanted });
/** The customer no longer wants it. */
export const cancelOrder = (): OrderCommand => ({ type: 'CancelOrder' });
/** The goods are handed over. */
export const completeOrder = (): OrderCommand => ({ type: 'CompleteOrder' });
/** The sweeper has found that something is due. */
export const orderOverdue = (): OrderCommand => ({ type: 'OrderOverdue' });
