/** For every payload that is no event, the parser returns the reason; it never throws. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { EVENT_MAX_BYTES, parseEvent, type UnreadableEvent } from '../src';

const text = readFileSync(join(__dirname, '..', 'samples', 'OrderCreated.json'), 'utf8');

/** Deeper than any recursive function can follow. */
const DEPTH = 50_000;

interface Sample extends Record<string, unknown> {
  data: Record<string, unknown>;
}

/** The sample of OrderCreated, changed. */
const changed = (change: (sample: Sample) => unknown): Buffer => {
  // The sample is known to be of this form.
  const sample = JSON.parse(text) as Sample;
  return Buffer.from(JSON.stringify(change(sample)));
};
const withField = (name: string, value: unknown) => changed((sample) => ({ ...sample, [name]: value }));
const withData = (data: Record<string, unknown>) =>
  changed((sample) => ({ ...sample, data: { ...sample.data, ...data } }));
/** The sample with lists in lists in the place of a field. */
const nested = (name: string) =>
  Buffer.from(
    withField(name, 'here')
      .toString()
      .replace('"here"', '['.repeat(DEPTH) + ']'.repeat(DEPTH)),
  );
const line = { productId: 'p', quantity: 1, unitPriceMinor: 1 };

const cases: readonly (readonly [string, Buffer, UnreadableEvent['code'], string])[] = [
  ['nothing', Buffer.alloc(0), 'NOT_JSON', 'not JSON'],
  ['text', Buffer.from('hello'), 'NOT_JSON', 'not JSON'],
  ['half a message', Buffer.from(text.slice(0, 200)), 'NOT_JSON', 'not JSON'],
  ['NaN', Buffer.from(text.replace('24900', 'NaN')), 'NOT_JSON', 'not JSON'],
  ['not UTF-8', Buffer.from(text.replace('customer', 'custömer'), 'latin1'), 'NOT_JSON', 'UTF-8'],
  ['nested too deep', Buffer.from('['.repeat(200_000)), 'NOT_JSON', 'not JSON'],
  ['too large', Buffer.alloc(EVENT_MAX_BYTES + 1, ' '), 'TOO_LARGE', String(EVENT_MAX_BYTES)],
  ['null', Buffer.from('null'), 'INVALID', 'message'],
  ['an array', Buffer.from('[]'), 'INVALID', 'message'],
  ['another specification', withField('specversion', '0.3'), 'INVALID', 'specversion'],
  ['an unknown type', withField('type', 'OrderTeleported'), 'UNKNOWN_TYPE', 'OrderTeleported'],
  ['a type of the prototype', withField('type', 'constructor'), 'UNKNOWN_TYPE', 'constructor'],
  ['__proto__ as type', withField('type', '__proto__'), 'UNKNOWN_TYPE', '__proto__'],
  ['no type', withField('type', undefined), 'INVALID', 'type'],
  ['a later version', withField('schemaversion', 2), 'UNKNOWN_VERSION', 'schemaversion: OrderCreated'],
  ['a version in words', withField('schemaversion', '1'), 'UNKNOWN_VERSION', '"1"'],
  ['an object as version', withField('schemaversion', {}), 'UNKNOWN_VERSION', 'this is no number'],
  ['a version nested so deep that it cannot be written again', nested('schemaversion'), 'UNKNOWN_VERSION', 'no number'],
  ['data nested so deep', nested('data'), 'INVALID', 'data'],
  ['no version', withField('schemaversion', undefined), 'UNKNOWN_VERSION', 'none'],
  ['another subject', withField('subject', 'another-order'), 'INVALID', 'subject'],
  ['a day as time', withField('time', 'yesterday'), 'INVALID', 'time'],
  ['no data', withField('data', undefined), 'INVALID', 'data'],
  ['a forbidden order id', withData({ orderId: '../etc' }), 'INVALID', 'data.orderId'],
  ['a customer id too long', withData({ customerId: 'c'.repeat(65) }), 'INVALID', 'data.customerId'],
  ['no lines', withData({ items: [] }), 'INVALID', 'data.items'],
  ['101 lines', withData({ items: Array.from({ length: 101 }, () => line) }), 'INVALID', 'data.items'],
  ['quantity 0', withData({ items: [{ ...line, quantity: 0 }] }), 'INVALID', 'data.items.0.quantity'],
  ['quantity -1', withData({ items: [{ ...line, quantity: -1 }] }), 'INVALID', 'data.items.0.quantity'],
  ['quantity 1.5', withData({ items: [{ ...line, quantity: 1.5 }] }), 'INVALID', 'data.items.0.quantity'],
  ['quantity 1001', withData({ items: [{ ...line, quantity: 1001 }] }), 'INVALID', 'data.items.0.quantity'],
  [
    'a negative price',
    withData({ items: [{ ...line, unitPriceMinor: -1 }] }),
    'INVALID',
    'data.items.0.unitPriceMinor',
  ],
  ['a number beyond', withData({ items: [{ ...line, unitPriceMinor: 1e300 }] }), 'INVALID', 'unitPriceMinor'],
  ['a currency in words', withData({ currency: 'dollars' }), 'INVALID', 'data.currency'],
  ['a card number', withData({ paymentMethod: '4242424242424242' }), 'INVALID', 'data.paymentMethod'],
];

test.each(cases)('%s is refused, and the reason says where', (_name, payload, code, where) => {
  const parsed = parseEvent(payload);
  expect(parsed).toMatchObject({ ok: false, error: { code, reason: expect.stringContaining(where) as string } });
});

test('fields that a reader does not know are accepted and go no further', () => {
  const parsed = parseEvent(
    changed((sample) => ({ ...sample, tenant: 'eu', data: { ...sample.data, giftWrap: true } })),
  );
  expect(parsed).toEqual(parseEvent(Buffer.from(text)));
  expect(parsed.ok).toBe(true);
});

test('__proto__ is a field like any unknown one: nothing inherits from it', () => {
  const parsed = parseEvent(Buffer.from(text.replace('"orderId"', '"__proto__": {"admin": true}, "orderId"')));
  if (!parsed.ok) throw new Error(parsed.error.reason);
  expect(Object.hasOwn(parsed.event.data, '__proto__')).toBe(false);
  expect('admin' in parsed.event.data).toBe(false);
  expect('admin' in {}).toBe(false);
});

test('reasons stay short, whatever a stranger sends', () => {
  for (const payload of [
    withField('type', 'x'.repeat(10_000)),
    withField('schemaversion', 'x'.repeat(10_000)),
    withData({ items: Array.from({ length: 100 }, () => ({})) }),
  ]) {
    const parsed = parseEvent(payload);
    expect(parsed.ok ? '' : parsed.error.reason).toHaveLength(
      Math.min(500, parsed.ok ? 0 : parsed.error.reason.length),
    );
  }
});

test('no bytes make it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => !parseEvent(bytes).ok));
});

test('no JSON makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => !parseEvent(Buffer.from(JSON.stringify(value))).ok),
    { numRuns: 300 },
  );
});

test('one field of any value: read with that value, or refused with a reason', () => {
  const fields = fc.constantFrom(
    'specversion',
    'id',
    'type',
    'subject',
    'time',
    'schemaversion',
    'data',
    'causationid',
  );
  fc.assert(
    fc.property(fields, fc.jsonValue(), (field, value) => {
      const parsed = parseEvent(withField(field, value));
      return parsed.ok ? field in parsed.event : parsed.error.reason.length > 0;
    }),
    { numRuns: 300 },
  );
});
