import fc from 'fast-check';
import { backoffMs, pause } from './backoff';

test('pauses double from the first to the longest, each drawn between a tenth and the whole', () => {
  const bounds = fc.record({
    firstMs: fc.integer({ min: 1, max: 1_000 }),
    maxMs: fc.integer({ min: 1_000, max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.nat({ max: 2_000 }), bounds, (attempt, { firstMs, maxMs }) => {
      const ceiling = Math.min(maxMs, firstMs * 2 ** attempt);
      const ms = backoffMs(attempt, { firstMs, maxMs });
      return ms >= Math.floor(ceiling / 10) && ms <= ceiling;
    }),
  );
});

test('those who failed together do not return together', () => {
  expect(
    new Set(Array.from({ length: 100 }, () => backoffMs(5, { firstMs: 100, maxMs: 10_000 }))).size,
  ).toBeGreaterThan(50);
});

test('a pause ends early when its signal aborts, before or during it', async () => {
  const stop = new AbortController();
  const paused = pause(60_000, stop.signal);
  stop.abort();
  await paused;
  await pause(60_000, stop.signal);
});
