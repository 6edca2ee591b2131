import type { EventData } from '@quadrille/shared-events';
import { assess } from './assess';
import type { Product } from './reservation';

const product = (productId: string, changes: Partial<Product> = {}): Product => ({
  productId,
  priceMinor: 1_000,
  currency: 'USD',
  available: 5,
  reserved: 0,
  committed: 0,
  ...changes,
});

const stock = new Map(
  [
    product('mug'),
    product('cup'),
    product('unpriced', { priceMinor: null }),
    product('sold-out', { available: 0 }),
    product('euro-mug', { currency: 'EUR' }),
  ].map((each) => [each.productId, each]),
);

type Line = EventData<'OrderCreated'>['items'][number];
const line = (productId: string, unitPriceMinor: number | null = null, quantity = 1): Line => ({
  productId,
  quantity,
  unitPriceMinor,
});
const assessed = (...items: Line[]) =>
  assess({ orderId: 'order-1', customerId: 'customer-1', items, currency: 'USD', paymentMethod: 'tok_visa' }, stock);

test.each([
  ['the catalogue has one and the order none', line('mug'), 1_000],
  ['both name the same', line('mug', 1_000), 1_000],
  ['only the order names one', line('unpriced', 700), 700],
  ['the order says it is free', line('unpriced', 0), 0],
])('the price that holds when %s', (_case, wanted, unitPriceMinor) => {
  expect(assessed(wanted)).toEqual({ ok: true, items: [{ ...wanted, unitPriceMinor }], totalMinor: unitPriceMinor });
});

test.each([
  ['nobody knows the product', line('unicorn'), 'UNKNOWN_PRODUCT', null, null],
  ['nobody knows the product, though the order has a price', line('unicorn', 100), 'UNKNOWN_PRODUCT', null, null],
  ['the order names another price', line('mug', 999), 'PRICE_MISMATCH', 5, 1_000],
  ['nobody named a price', line('unpriced'), 'PRICE_MISMATCH', 5, null],
  ['the price is in another currency', line('euro-mug'), 'PRICE_MISMATCH', 5, 1_000],
  ['there is none left', line('sold-out'), 'OUT_OF_STOCK', 0, 1_000],
  ['there is not enough left', line('mug', null, 6), 'OUT_OF_STOCK', 5, 1_000],
])('a line is at fault when %s', (_case, wanted, reason, quantityAvailable, unitPriceMinor) => {
  const linesAtFault = [{ productId: wanted.productId, quantity: wanted.quantity, quantityAvailable, unitPriceMinor }];
  expect(assessed(line('cup'), wanted)).toMatchObject({ ok: false, reason, linesAtFault });
});

test('of several reasons the first in their order is named, with the lines that it is about', () => {
  const unknown = { reason: 'UNKNOWN_PRODUCT', linesAtFault: [{ productId: 'unicorn' }] };
  expect(assessed(line('sold-out'), line('mug', 1), line('unicorn'))).toMatchObject(unknown);
  const mispriced = { reason: 'PRICE_MISMATCH', linesAtFault: [{ productId: 'mug' }, { productId: 'unpriced' }] };
  expect(assessed(line('sold-out'), line('mug', 1), line('unpriced'))).toMatchObject(mispriced);
});

test('two lines of one product need the units of both', () => {
  expect(assessed(line('mug', null, 3), line('mug', null, 3))).toMatchObject({ ok: false, reason: 'OUT_OF_STOCK' });
  expect(assessed(line('mug', null, 3), line('mug', null, 2))).toMatchObject({ ok: true, totalMinor: 5_000 });
});
