import { loggedReason, reasonOf } from './error-reason';

const REFUSED = 'connect ECONNREFUSED 127.0.0.1:5433';

test.each([
  ['a plain error', new Error(REFUSED, { cause: new Error(REFUSED) }), REFUSED],
  ['several addresses', new AggregateError([new Error(REFUSED), new Error('connect ECONNREFUSED ::1:5433')]), REFUSED],
  [
    "Prisma's, with its source excerpt",
    new Error(
      "\nInvalid `prisma.payment.findUnique()` invocation in\n/a/b.ts:9:41\n\n  6 const a = 1;\n→ 9 find(\nCan't reach database server at 127.0.0.1:5433",
    ),
    "Can't reach database server at 127.0.0.1:5433",
  ],
  ['what wraps them', new Error('', { cause: new AggregateError([new Error(REFUSED)]) }), REFUSED],
  [
    "the server's, through Prisma",
    Object.assign(new Error('\nInvalid `prisma.payment.findUnique()` invocation in\n/a/b.ts:9:41\nDatabase error.'), {
      meta: { driverAdapterError: { cause: { originalCode: '57P03', originalMessage: 'it is starting up' } } },
    }),
    'it is starting up',
  ],
  ['several lines', new Error('one\n  two'), 'one two'],
  ['no message', new TypeError(), 'TypeError'],
  ['no error', 'a word', 'a word'],
])('%s is one short line', (_name, error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});

test('an endless reason is cut', () => {
  expect(reasonOf(new Error('x'.repeat(5_000)))).toHaveLength(300);
});

test('only what is unforeseen keeps its stack', () => {
  expect(loggedReason(Object.assign(new Error(REFUSED), { syscall: 'connect' }))).toEqual({ reason: REFUSED });
  const bug = new TypeError('x is not a function');
  expect(loggedReason(bug)).toEqual({ err: bug });
});
