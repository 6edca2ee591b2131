/** An order and what it hears, as the tests of the decisions use them. */
import { envelop, type EventData, type EventType } from '@quadrille/shared-events';
import { FRESH, type Order } from '../src/domain/order';

/** Whose order it is. */
export const who = { orderId: 'order-1', customerId: 'customer-1' };
/** What was ordered. */
export const requested = [{ productId: 'mug', quantity: 2, unitPriceMinor: null }];
/** The same at the price that holds. */
export const priced = [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }];
/** What it costs. */
export const money = { totalMinor: 2_000, currency: 'USD' };

/** A fresh order that differs in `changes`. */
export const order = (changes: Partial<Order> = {}): Order => ({
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
  wake: { kind: 'nudge-or-deadline', doublings: 0 },
  clock: FRESH,
  record: null,
  ...changes,
});

/** An event that is heard. */
export const event = <Type extends EventType>(type: Type, data: EventData<Type>) =>
  envelop(type, data, { id: `id-${type}`, time: '2026-11-21T12:00:00.000Z' });

/** One of each event that order-service hears. */
export const heard = {
  InventoryReserved: event('InventoryReserved', { ...who, items: priced, ...money, paymentMethod: 'tok_success' }),
  InventoryUnavailable: event('InventoryUnavailable', {
    ...who,
    reason: 'OUT_OF_STOCK',
    lines: [{ productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 }],
  }),
  InventoryReleased: event('InventoryReleased', { ...who, items: priced }),
  PaymentProcessed: event('PaymentProcessed', { ...who, paymentId: 'payment-1', ...money, attempts: 2 }),
  PaymentAttemptFailed: event('PaymentAttemptFailed', {
    ...who,
    attempt: 1,
    reason: 'NOT_PROCESSED',
    retryInMs: 1_000,
  }),
  PaymentFailed: event('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' }),
  PaymentVoided: event('PaymentVoided', who),
  PaymentRefunded: event('PaymentRefunded', { ...who, paymentId: 'payment-1', ...money }),
};
