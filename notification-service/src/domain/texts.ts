/** The words that customers read: what happened, what it means for their money, and what happens next. */
import type { EventData } from '@quadrille/shared-events';
import type { Text } from './notification';

const MINOR_PER_MAJOR = 100;

const amount = ({ totalMinor, currency }: { readonly totalMinor: number; readonly currency: string }) =>
  `${(totalMinor / MINOR_PER_MAJOR).toFixed(2)} ${currency}`;

const text = (subject: string, ...paragraphs: readonly string[]): Text => ({
  subject,
  message: paragraphs.join('\n\n'),
});

/** Money was taken. */
export const paymentReceived = (data: EventData<'PaymentProcessed'>): Text =>
  text(
    `We received your payment of ${amount(data)}`,
    `Thank you. Your payment of ${amount(data)} for order ${data.orderId} has arrived.`,
    'You will hear from us again as soon as your order is confirmed.',
  );

/** The order is confirmed. */
export const confirmed = (data: EventData<'OrderConfirmed'>): Text =>
  text(
    'Your order is confirmed',
    `Good news: your order ${data.orderId} over ${amount(data)} is confirmed and paid for. We are getting it ready.`,
    'You can still cancel it until it is handed over; your payment is then returned in full.',
  );

/** The goods were handed over. */
export const completed = (data: EventData<'OrderCompleted'>): Text =>
  text(
    'Your order was handed over',
    `Your order ${data.orderId} has been handed over. We hope you enjoy it.`,
    'If anything is not as it should be, answer with your order number and we will put it right.',
  );

const products = (lines: EventData<'InventoryUnavailable'>['lines']) =>
  lines.map(({ productId }) => `- ${productId}`).join('\n');

const stock = (lines: EventData<'InventoryUnavailable'>['lines']) =>
  lines
    .map(({ productId, quantity, quantityAvailable }) => {
      const left = quantityAvailable === null || quantityAvailable === 0 ? 'none' : `only ${String(quantityAvailable)}`;
      return `- ${productId}: you asked for ${String(quantity)}, we have ${left} left`;
    })
    .join('\n');

const NOT_CHARGED = 'You have not been charged.';

const unavailabilityTexts: Readonly<
  Record<EventData<'InventoryUnavailable'>['reason'], (data: EventData<'InventoryUnavailable'>) => readonly string[]>
> = {
  OUT_OF_STOCK: ({ orderId, lines }) => [
    `We are sorry: we cannot deliver your order ${orderId}, because we do not have enough of this in stock:`,
    stock(lines),
    `${NOT_CHARGED} You are welcome to order again with fewer pieces, or when we have more.`,
  ],
  PRICE_MISMATCH: ({ orderId, lines }) => {
    const priced = lines.filter(({ unitPriceMinor }) => unitPriceMinor !== null);
    // Neither the catalogue nor the order named a price.
    const unpriced = lines.filter(({ unitPriceMinor }) => unitPriceMinor === null);
    return [
      `We are sorry: we could not accept your order ${orderId}.`,
      ...(priced.length > 0 ? [`The price it named is not our current price for:\n${products(priced)}`] : []),
      ...(unpriced.length > 0 ? [`We have no price at the moment for:\n${products(unpriced)}`] : []),
      priced.length > 0
        ? `${NOT_CHARGED} Please look at the current prices and order again.`
        : `${NOT_CHARGED} You are welcome to order the rest of it again, or all of it when we have a price.`,
    ];
  },
  UNKNOWN_PRODUCT: ({ orderId, lines }) => [
    `We are sorry: we could not accept your order ${orderId}, because we do not sell this:`,
    products(lines),
    `${NOT_CHARGED} Please choose from what is in our shop and order again.`,
  ],
};

/** The order cannot be delivered. */
export const rejected = (data: EventData<'InventoryUnavailable'>): Text =>
  text('We could not accept your order', ...unavailabilityTexts[data.reason](data));

const paymentFailureTexts: Readonly<Record<EventData<'PaymentFailed'>['reason'], string>> = {
  DECLINED: 'your payment was declined. Your bank can tell you why; another means of payment may work.',
  GATEWAY_UNAVAILABLE: 'the payment could not be made: we tried several times and the payment provider did not answer.',
};

/** No money could be had. */
export const paymentFailed = (data: EventData<'PaymentFailed'>): Text =>
  text(
    'Your payment did not go through',
    `We are sorry: for your order ${data.orderId}, ${paymentFailureTexts[data.reason]}`,
    `${NOT_CHARGED} The order is closed and nothing is being held for you; to try again, please place a new order.`,
  );

const cancellationTexts: Readonly<
  Record<EventData<'OrderCancelled'>['reason'], readonly [what: string, next: string]>
> = {
  CUSTOMER_REQUEST: [
    'is cancelled, as you asked.',
    'If you have paid already, your money is on its way back and we will tell you when it is returned.',
  ],
  DEADLINE_EXCEEDED: [
    'is cancelled, because we could not confirm it in time. We are sorry.',
    'You will not be charged; should a payment still have gone through, it is returned in full. To try again, please place a new order.',
  ],
  REFUNDED: [
    'is cancelled, because your payment was returned to you.',
    'Nothing further is needed from you. To have the goods after all, please place a new order.',
  ],
};

/** The order is cancelled. */
export const cancelled = (data: EventData<'OrderCancelled'>): Text => {
  const [what, next] = cancellationTexts[data.reason];
  return text('Your order is cancelled', `Your order ${data.orderId} ${what}`, next);
};

/** Money was given back. */
export const refunded = (data: EventData<'PaymentRefunded'>): Text =>
  text(
    `We returned ${amount(data)} to you`,
    `Your payment of ${amount(data)} for order ${data.orderId} has been returned in full.`,
    'Depending on your bank it can take a few days until you see it on your account.',
  );
