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

test('an order that named no price is not told that its price is wrong', () => {
  expect(written['no price'].message).toContain('no price at the moment for:\n- unpriced');
  expect(written['no price'].message).not.toContain('price it named');
  expect(written['another price'].message).not.toContain('no price');
  expect(written['some without a price'].message).toContain('our current price for:\n- mug\n- jug\n\n');
  expect(written['some without a price'].message).toContain('no price at the moment for:\n- unpriced');
});
