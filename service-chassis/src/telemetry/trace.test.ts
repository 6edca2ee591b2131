import { childOf, traceIdOf } from './trace';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = `00-${TRACE}-00f067aa0ba902b7-01`;
const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

test('a child has the trace of its parent and a span of its own', () => {
  const child = childOf(parent);
  expect(child).toMatch(FORM);
  expect(traceIdOf(child)).toBe(TRACE);
  expect(child).not.toBe(parent);
  expect(childOf(parent)).not.toBe(child);
});

test('the decision not to sample is passed on', () => {
  expect(childOf(`00-${TRACE}-00f067aa0ba902b7-00`)).toMatch(/-00$/);
});

test.each([
  undefined,
  '',
  'hello',
  `01-${TRACE}-00f067aa0ba902b7-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `${parent}\nx`,
])('%p is no trace: a new one begins', (given) => {
  expect(traceIdOf(given)).toBeUndefined();
  expect(childOf(given)).toMatch(FORM);
  expect(traceIdOf(childOf(given))).not.toBe(TRACE);
});

test('ten thousand spans are ten thousand names', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => childOf(parent))).size).toBe(10_000);
});
