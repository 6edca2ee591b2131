import * as texts from './texts';

const who = { orderId: '0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f', customerId: 'customer-1' };
const money = { totalMinor: 4_005, currency: 'USD' };
const paid = { ...who, ...money, paymentId: 'payment-1' };
const lines = [
  { productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 },
  { productId: 'jug', quantity: 1, quantityAvailable: 0, unitPriceMinor: 3_000 },
];
const unpriced = [{ productId: 'unpriced', quantity: 1, quantityAvailable: 5, unitPriceMinor: null }];

const written = {
  'payment received': texts.paymentReceived({ ...paid, attempts: 1 }),
  confirmed: texts.confirmed({ ...who, ...money }),
  completed: texts.completed(who),
  'out of stock': texts.rejected({ ...who, reason: 'OUT_OF_STOCK', lines }),
  'another price': texts.rejected({ ...who, reason: 'PRICE_MISMATCH', lines }),
  'no price': texts.rejected({ ...who, reason: 'PRICE_MISMATCH', lines: unpriced }),
  'some without a price': texts.rejected({ ...who, reason: 'PRICE_MISMATCH', lines: [...lines, ...unpriced] }),
  'an unknown product': texts.rejected({ ...who, reason: 'UNKNOWN_PRODUCT', lines }),
  declined: texts.paymentFailed({ ...who, attempts: 1, reason: 'DECLINED' }),
  'payment provider away': texts.paymentFailed({ ...who, attempts: 4, reason: 'GATEWAY_UNAVAILABLE' }),
  'cancelled as asked': texts.cancelled({ ...who, reason: 'CUSTOMER_REQUEST' }),
  'cancelled by the deadline': texts.cancelled({ ...who, reason: 'DEADLINE_EXCEEDED' }),
  'cancelled by a refund': texts.cancelled({ ...who, reason: 'REFUNDED' }),
  refunded: texts.refunded(paid),
};

test.each(Object.entries(written))(
  '%s: names the order, says what happens next, and speaks no jargon',
  (_case, text) => {
    expect(text.subject).toMatch(/^[^\n]{10,80}$/);
    expect(text.message).toContain(who.orderId);
    expect(text.message.split('\n\n').length).toBeGreaterThanOrEqual(2);
    expect(`${text.subject} ${text.message}`).not.toMatch(/[A-Z]+_[A-Z]+|undefined|null|gateway|saga|stock level|NaN/);
  },
);

test('no two outcomes read the same', () => {
  expect(new Set(Object.values(written).map(({ message }) => message)).size).toBe(Object.keys(written).length);
});

test('amounts and products are named', () => {
  expect(written['payment received'].subject).toBe('We received your payment of 40.05 USD');
  expect(written.refunded.message).toContain('40.05 USD');
  expect(written['out of stock'].message).toContain(
    '- mug: you asked for 2, we have only 1 left\n- jug: you asked for 1, we have none left',
  );
  expect(written['another price'].message).toContain('- mug\n- jug');
});

test('stock that nobody has counted reads like stock that is gone', () => {
  const uncounted = [{ productId: 'mug', quantity: 2, quantityAvailable: null, unitPriceMinor: 1_000 }];
  const { message } = texts.rejected({ ...who, reason: 'OUT_OF_STOCK', lines: uncounted });
  expect(message).toContain('- mug: you asked for 2, we have none left');
});

test('an order that named no price is not told that its price is wrong', () => {
  expect(written['no price'].message).toContain('no price at the moment for:\n- unpriced');
  expect(written['no price'].message).not.toContain('price it named');
  expect(written['another price'].message).not.toContain('no price');
  expect(written['some without a price'].message).toContain('our current price for:\n- mug\n- jug\n\n');
  expect(written['some without a price'].message).toContain('no price at the moment for:\n- unpriced');
});

/** These letters, one below the other. */
const letters = (...names: readonly (keyof typeof written)[]) =>
  names.map((name) => `${written[name].subject}\n\n${written[name].message}`).join('\n\n----\n\n');

test('word for word: an order that goes well, and one that is called off', () => {
  expect(
    letters(
      'payment received',
      'confirmed',
      'completed',
      'cancelled as asked',
      'cancelled by the deadline',
      'cancelled by a refund',
      'refunded',
    ),
  ).toMatchInlineSnapshot(`
    "We received your payment of 40.05 USD

    Thank you. Your payment of 40.05 USD for order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f has arrived.

    You will hear from us again as soon as your order is confirmed.

    ----

    Your order is confirmed

    Good news: your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f over 40.05 USD is confirmed and paid for. We are getting it ready.

    You can still cancel it until it is handed over; your payment is then returned in full.

    ----

    Your order was handed over

    Your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f has been handed over. We hope you enjoy it.

    If anything is not as it should be, answer with your order number and we will put it right.

    ----

    Your order is cancelled

    Your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f is cancelled, as you asked.

    If you have paid already, your money is on its way back and we will tell you when it is returned.

    ----

    Your order is cancelled

    Your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f is cancelled, because we could not confirm it in time. We are sorry.

    You will not be charged; should a payment still have gone through, it is returned in full. To try again, please place a new order.

    ----

    Your order is cancelled

    Your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f is cancelled, because your payment was returned to you.

    Nothing further is needed from you. To have the goods after all, please place a new order.

    ----

    We returned 40.05 USD to you

    Your payment of 40.05 USD for order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f has been returned in full.

    Depending on your bank it can take a few days until you see it on your account."
  `);
});

test('word for word: an order that cannot be had or cannot be paid', () => {
  expect(
    letters(
      'out of stock',
      'another price',
      'no price',
      'some without a price',
      'an unknown product',
      'declined',
      'payment provider away',
    ),
  ).toMatchInlineSnapshot(`
    "We could not accept your order

    We are sorry: we cannot deliver your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f, because we do not have enough of this in stock:

    - mug: you asked for 2, we have only 1 left
    - jug: you asked for 1, we have none left

    You have not been charged. You are welcome to order again with fewer pieces, or when we have more.

    ----

    We could not accept your order

    We are sorry: we could not accept your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f.

    The price it named is not our current price for:
    - mug
    - jug

    You have not been charged. Please look at the current prices and order again.

    ----

    We could not accept your order

    We are sorry: we could not accept your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f.

    We have no price at the moment for:
    - unpriced

    You have not been charged. You are welcome to order the rest of it again, or all of it when we have a price.

    ----

    We could not accept your order

    We are sorry: we could not accept your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f.

    The price it named is not our current price for:
    - mug
    - jug

    We have no price at the moment for:
    - unpriced

    You have not been charged. Please look at the current prices and order again.

    ----

    We could not accept your order

    We are sorry: we could not accept your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f, because we do not sell this:

    - mug
    - jug

    You have not been charged. Please choose from what is in our shop and order again.

    ----

    Your payment did not go through

    We are sorry: for your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f, your payment was declined. Your bank can tell you why; another means of payment may work.

    You have not been charged. The order is closed and nothing is being held for you; to try again, please place a new order.

    ----

    Your payment did not go through

    We are sorry: for your order 0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f, the payment could not be made: we tried several times and the payment provider did not answer.

    You have not been charged. The order is closed and nothing is being held for you; to try again, please place a new order."
  `);
});
