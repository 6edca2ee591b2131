import { UNIT_PRICE_MINOR_MAX } from '@quadrille/shared-events';
import fc from 'fast-check';
import { moneySchema, toDecimal } from './money';

const minors = fc.integer({ min: 0, max: UNIT_PRICE_MINOR_MAX });

test('every amount is read as it was written, as text or as a number', () => {
  fc.assert(
    fc.property(minors, (minor) => {
      expect(moneySchema.parse(toDecimal(minor))).toBe(minor);
      expect(moneySchema.parse(Number(toDecimal(minor)))).toBe(minor);
    }),
  );
});

test('a decimal has two places, whatever the amount', () => {
  fc.assert(fc.property(minors, (minor) => /^\d+\.\d\d$/.test(toDecimal(minor))));
  expect(toDecimal(1999)).toBe('19.99');
  expect(toDecimal(5)).toBe('0.05');
});

test.each([
  ['20', 2000],
  ['20.5', 2050],
  [20.5, 2050],
  [0, 0],
  ['0.07', 7],
  [19.99, 1999],
])('%p is %p minor units', (given, minor) => {
  expect(moneySchema.parse(given)).toBe(minor);
});

test.each([
  -1,
  '-1',
  20.005,
  '20.005',
  0.1 + 0.2,
  1e21,
  '1e3',
  '',
  ' 1',
  '1,00',
  '.5',
  '5.',
  NaN,
  Infinity,
  null,
  true,
  {},
])('%p is refused', (given) => {
  expect(moneySchema.safeParse(given).success).toBe(false);
});

test('one cent beyond the largest price is refused', () => {
  expect(moneySchema.safeParse(toDecimal(UNIT_PRICE_MINOR_MAX + 1)).success).toBe(false);
});
