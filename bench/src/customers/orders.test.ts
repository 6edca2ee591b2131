import { BIG_PRODUCTS, kinds, SOLD_OUT } from './orders';

describe('the orders of the customers', () => {
  const mixed = Array.from({ length: 1_000 }, (_, n) => kinds.mixed(n));
  const share = (matches: (order: (typeof mixed)[number]) => boolean) => mixed.filter(matches).length / mixed.length;

  test('mixed are 5 % declined, 10 % flaky, 5 % out of stock, 5 % cancelled', () => {
    expect(share(({ body }) => body.payment_method === 'tok_decline')).toBe(0.05);
    expect(share(({ body }) => body.payment_method === 'tok_flaky_1')).toBe(0.1);
    expect(share(({ body }) => body.items.some(({ product_id }) => product_id === SOLD_OUT))).toBe(0.05);
    expect(share(({ cancel }) => cancel === true)).toBe(0.05);
  });

  test('mixed have one to five lines, each of another product', () => {
    expect(new Set(mixed.map(({ body }) => body.items.length))).toEqual(new Set([1, 2, 3, 4, 5]));
    for (const { body } of mixed)
      expect(new Set(body.items.map(({ product_id }) => product_id)).size).toBe(body.items.length);
  });

  test('a big one has a line of every big product', () => {
    expect(new Set(kinds.big(7).body.items.map(({ product_id }) => product_id))).toEqual(new Set(BIG_PRODUCTS));
  });
});
