/** What strangers send: values that have broken other systems. */
import fc from 'fast-check';

/** Nested lists, deeper than a recursive reader likes. */
const NEST_DEPTH = 5_000;

const nestedLists = '['.repeat(NEST_DEPTH) + ']'.repeat(NEST_DEPTH);

/** Stands for such lists wherever a value may: they cannot be written by JSON.stringify, which is recursive. */
const NESTED = 'lists in lists';

/** Texts. */
const hostileTexts: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../../etc/passwd',
  '%2e%2e%2f',
  '%',
  '%zz',
  'a/b',
  'a\\b',
  'null',
  'undefined',
  'true',
  'NaN',
  '0x10',
  '1e400',
  '-0',
  "'; DROP TABLE orders; --",
  '" OR 1=1 --',
  '${jndi:ldap://127.0.0.1/a}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a\u0000b',
  'a\r\nSet-Cookie: b=c',
  '\ud800',
  '\ufeffa',
  '\u202eabc',
  'ﷺ'.repeat(70),
  '😀'.repeat(40),
  'ünïcödé',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(300),
  'x'.repeat(20_000),
  '9'.repeat(400),
  '2026-02-30T25:61:61Z',
  'random',
];

/** Values for any place of a JSON document. */
const hostileValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  1_001,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  5e-324,
  [],
  {},
  [null],
  [[]],
  { toString: 1 },
  { constructor: { prototype: { admin: true } } },
  JSON.parse('{"__proto__": {"admin": true}}'),
  Array.from({ length: 1_000 }, () => 0),
  { a: { b: { c: { d: [{ e: {} }] } } } },
  NESTED,
  ...hostileTexts,
];

/** Bodies that are no JSON, or an odd one. */
export const hostileBodies: readonly Buffer[] = [
  '',
  ' ',
  '{',
  '{}',
  '[]',
  'null',
  'true',
  '"text"',
  '1e999',
  '-',
  '{"a":NaN}',
  '{"a":Infinity}',
  "{'a':1}",
  '{"a":1,}',
  '{"a":1,"a":2}',
  '{"a":1}{"b":2}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '\ufeff{}',
  '<order/>',
  'customer_id=mallory',
  nestedLists,
  '{"a":'.repeat(NEST_DEPTH) + '1' + '}'.repeat(NEST_DEPTH),
]
  .map((text) => Buffer.from(text))
  .concat([
    Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
    Buffer.from([0xc0, 0x80]),
    Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'),
  ]);

/** A hostile value as JSON. */
export const jsonOf = (value: unknown): Buffer =>
  Buffer.from(JSON.stringify(value).replaceAll(JSON.stringify(NESTED), nestedLists));

/** The text as UTF-8 can carry it: a lone surrogate becomes U+FFFD. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

/** Any hostile text, or one that fast-check makes up. */
export const hostileText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
);

/** Any hostile value, or one that fast-check makes up. */
export const hostileValue = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileValues) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
);

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

type Change = { readonly kind: 'replace' | 'add'; readonly value: unknown } | { readonly kind: 'remove' };

function changed(value: unknown, [key, ...rest]: Path, change: Change): unknown {
  if (typeof value !== 'object' || value === null || key === undefined)
    return change.kind === 'replace' ? change.value : value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  // A key of this very object or list.
  const place = copy as Record<string, unknown>;
  if (rest.length > 0) place[key] = changed(place[key], rest, change);
  else if (change.kind === 'remove') Reflect.deleteProperty(place, key);
  else if (change.kind === 'add') place['unexpected'] = change.value;
  else place[key] = change.value;
  return copy;
}

/** A document with one thing wrong with it: a value replaced, a field removed or added, anywhere. */
export const mutated = (document: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      document,
      fc.nat(),
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ kind: fc.constant('replace' as const), value: hostileValue }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), value: hostileValue }) },
        { weight: 1, arbitrary: fc.constant({ kind: 'remove' as const }) },
      ),
    )
    .map(([value, where, change]) => {
      const paths = pathsOf(value);
      return changed(value, paths[where % paths.length] ?? [], change);
    });

/** A body cut off, or with a byte in it that is not its own. */
export const damaged = (document: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  fc.tuple(document, fc.nat(), fc.option(fc.nat({ max: 255 }))).map(([value, where, byte]) => {
    const whole = jsonOf(value);
    const at = where % Math.max(1, whole.length);
    if (byte === null) return whole.subarray(0, at);
    const copy = Buffer.from(whole);
    if (copy.length > 0) copy[at] = byte;
    return copy;
  });
