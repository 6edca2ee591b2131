/** Payments, and what payment-service hears, receives, publishes and performs, as tests of the decisions use them. */
import { eventBuilder } from '@quadrille/test-kit/src/event-builder';
import type { ChargeAnswer, PaymentEffect, PaymentInput, RefundAnswer, ResolveAnswer } from '../src/domain/messages';
import { noPayment, type Payment } from '../src/domain/payment';

const who = { orderId: 'order-1', customerId: 'customer-1' };
const money = { totalMinor: 2_000, currency: 'USD' };
const paid = { ...who, paymentId: 'payment-1', ...money };

/** The payment of an order that nothing was heard of. */
export const unheardOf = (): Payment => noPayment('order-1', 'payment-1');

/** The payment of an order that was heard of, which differs in `changes`. */
export const payment = (changes: Partial<Payment> = {}): Payment => ({
  ...unheardOf(),
  customerId: 'customer-1',
  amountMinor: money.totalMinor,
  currency: money.currency,
  method: 'tok_success',
  attempt: 1,
  ...changes,
});

/** The order's stock is reserved: the time to charge. */
export const inventoryReserved = eventBuilder('InventoryReserved', {
  ...who,
  items: [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }],
  ...money,
  paymentMethod: 'tok_success',
});
/** The order is off. */
export const orderCancelled = eventBuilder('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' });

/** Money was taken, at the first attempt. */
export const paymentProcessed = eventBuilder('PaymentProcessed', { ...paid, attempts: 1 });
/** The first attempt brought nothing; another follows in a second. */
export const paymentAttemptFailed = eventBuilder('PaymentAttemptFailed', {
  ...who,
  attempt: 1,
  reason: 'NOT_PROCESSED',
  retryInMs: 1_000,
});
/** No money can be had. */
export const paymentFailed = eventBuilder('PaymentFailed', { ...who, attempts: 1, reason: 'DECLINED' });
/** No money was taken and none will be. */
export const paymentVoided = eventBuilder('PaymentVoided', who);
/** Money was given back. */
export const paymentRefunded = eventBuilder('PaymentRefunded', paid);

/** What the gateway said to a charge. */
export const chargeAnswered = (answer: ChargeAnswer, attempt = 1): PaymentInput => ({
  type: 'ChargeAnswered',
  attempt,
  answer,
});
/** What the gateway said had become of a charge. */
export const resolveAnswered = (answer: ResolveAnswer): PaymentInput => ({ type: 'ResolveAnswered', answer });
/** What the gateway said to a refund. */
export const refundAnswered = (answer: RefundAnswer): PaymentInput => ({ type: 'RefundAnswered', answer });
/** The pause after an attempt is over. */
export const retryDue = (attempt: number): PaymentInput => ({ type: 'RetryDue', attempt });
/** The sweeper has found that something is due. */
export const paymentOverdue = (): PaymentInput => ({ type: 'PaymentOverdue' });
/** An operator gives the money back. */
export const refundPayment = (): PaymentInput => ({ type: 'RefundPayment' });

/** The gateway is asked for the money. */
export const charge = (attempt: number): PaymentEffect => ({
  type: 'Charge',
  attempt,
  amountMinor: money.totalMinor,
  currency: money.currency,
  method: 'tok_success',
});
/** The gateway is asked what became of a charge. */
export const resolve = (tries: number): PaymentEffect => ({ type: 'Resolve', tries });
/** The gateway is asked to give the money back. */
export const refund = (tries: number): PaymentEffect => ({ type: 'Refund', tries });
