import { shortString } from './delivery';

test('a property can be sent on while it is no longer than a short string of AMQP', () => {
  expect(shortString('x'.repeat(255))).toBe('x'.repeat(255));
  expect(shortString('x'.repeat(256))).toBeUndefined();
  expect(shortString(undefined)).toBeUndefined();
  expect(shortString(7)).toBeUndefined();
});

test("a stranger's bytes that are no UTF-8 are longer when they have been read", () => {
  const read = Buffer.alloc(86, 0xff).toString();
  expect(shortString(read)).toBeUndefined();
});
