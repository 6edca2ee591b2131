/** A payment and what it hears, as the tests of the decisions use them. */
import { envelop } from '@quadrille/shared-events';
import type { ChargeAnswer, PaymentInput } from '../src/domain/messages';
import { noPayment, type Payment } from '../src/domain/payment';

/** Whose payment it is. */
export const who = { orderId: 'order-1', customerId: 'customer-1' };
/** What is to be paid. */
export const money = { totalMinor: 2_000, currency: 'USD' };

const stamp = { id: 'id', time: '2026-11-21T12:00:00.000Z' };

/** The order's stock is reserved: the time to charge. */
export const reserved = envelop(
  'InventoryReserved',
  {
    ...who,
    items: [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }],
    ...money,
    paymentMethod: 'tok_success',
  },
  stamp,
);
/** The order is off. */
export const cancelled = envelop('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' }, stamp);

/** The payment of an order that was heard of, which differs in `changes`. */
export const payment = (changes: Partial<Payment> = {}): Payment => ({
  ...noPayment('order-1', 'payment-1'),
  customerId: 'customer-1',
  amountMinor: money.totalMinor,
  currency: money.currency,
  method: 'tok_success',
  attempt: 1,
  ...changes,
});

/** What the bank said to a charge. */
export const answered = (answer: ChargeAnswer, attempt = 1): PaymentInput => ({
  type: 'ChargeAnswered',
  attempt,
  answer,
});
