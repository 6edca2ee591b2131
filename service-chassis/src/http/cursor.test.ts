import fc from 'fast-check';
import { z } from 'zod';
import { pageQuery, toPage } from './cursor';

const query = z.object(pageQuery('things'));

/** Walks a list of keys page by page, as a client would. */
function walk(keys: readonly string[], limit: number): string[] {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const { cursor: after } = query.parse({ limit, cursor });
    const rest = keys.filter((key) => after === undefined || key > after);
    const page = toPage(
      'things',
      rest.slice(0, limit + 1),
      limit,
      (key) => key,
      (key) => key,
    );
    seen.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return seen;
}

test('a list is walked once through, whatever its length and the size of a page', () => {
  const lists = fc.uniqueArray(fc.string({ maxLength: 30 }), { maxLength: 60 }).map((keys) => keys.sort());
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 20 }), (keys, limit) => {
      expect(walk(keys, limit)).toEqual(keys);
    }),
  );
});

test('twenty items when the client does not say', () => {
  expect(query.parse({})).toEqual({ limit: 20 });
});

test.each(['0', '101', '-1', '1.5', '0x10', '1e1', ' 7', 'many', ''])('limit %p is refused', (limit) => {
  expect(query.safeParse({ limit }).success).toBe(false);
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each([
  'hello',
  'bnVsbA',
  '',
  encode([]),
  encode([1]),
  encode(['things']),
  encode(['things', 1]),
  encode(['things', 'a\u0000b']),
  encode(['things', 'a', 'b']),
  encode(['others', 'a']),
])('cursor %p is refused, and the message says what to do', (cursor) => {
  const parsed = query.safeParse({ cursor });
  expect(parsed.error?.issues[0]?.message).toMatch(/is not a cursor of this list; leave it out/);
});
