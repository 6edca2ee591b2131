import { pino } from 'pino';
import { eventually } from '@quadrille/test-kit';
import { createMetrics } from '../telemetry/metrics';
import { startSweeper } from './sweeper';

const log = pino({ level: 'silent' });
const purge = () => Promise.resolve(false);

test('rows that cannot be decided hold up no other, and are not tried at every turn', async () => {
  const bad = Array.from({ length: 250 }, (_, n) => `bad-${String(n)}`);
  const waiting = new Set([...bad, 'good-1', 'good-2']);
  const tries = new Map<string, number>();
  const metrics = createMetrics('test');
  const sweeper = startSweeper<string>({
    // The failing ones are overdue longest: they come first, and fill a batch alone.
    overdue: (limit) => Promise.resolve([...waiting].slice(0, limit).map((key) => ({ key, message: key, cause: {} }))),
    submit: ({ key }) => {
      tries.set(key, (tries.get(key) ?? 0) + 1);
      if (key.startsWith('bad')) return Promise.reject(new Error('this row is broken'));
      waiting.delete(key);
      return Promise.resolve({ outcome: 'cancelled', changed: true });
    },
    purge,
    log,
    metrics,
  });
  await eventually(() => {
    expect([...waiting]).toEqual(bad);
  });
  const tried = [...tries.values()].reduce((sum, count) => sum + count, 0);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await sweeper.stop();
  expect(Math.max(...tries.values())).toBeLessThanOrEqual(5);
  expect(tried).toBeGreaterThanOrEqual(bad.length);
  expect(await metrics.registry.getSingleMetricAsString('overdue_swept_total')).toMatch(/ 2$/m);
});

test('a database that is away is waited for, and nobody is called broken', async () => {
  const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  let tries = 0;
  const waiting = new Set(['order']);
  const sweeper = startSweeper<string>({
    overdue: () => Promise.resolve([...waiting].map((key) => ({ key, message: key, cause: {} }))),
    submit: ({ key }) => {
      tries += 1;
      if (tries < 3) return Promise.reject(gone);
      waiting.delete(key);
      return Promise.resolve({ outcome: 'cancelled', changed: true });
    },
    purge,
    log,
    metrics: createMetrics('test'),
  });
  await eventually(() => {
    expect(waiting.size).toBe(0);
  });
  await sweeper.stop();
  expect(tries).toBe(3);
});

test.each([
  ['nudged', true, 50, 200],
  ['unchanged: not due', false, 50, 200],
  ['cancelled: DEADLINE_EXCEEDED', true, 1_000, 1_000],
] as const)(
  'of 1,000 that are overdue, and decided "%s" (changed: %p), %d to %d are decided in a second and a half',
  async (outcome, changed, least, most) => {
    const waiting = new Set(Array.from({ length: 1_000 }, (_, n) => String(n)));
    const sweeper = startSweeper<string>({
      overdue: (limit) =>
        Promise.resolve([...waiting].slice(0, limit).map((key) => ({ key, message: key, cause: {} }))),
      submit: ({ key }) => {
        waiting.delete(key);
        return Promise.resolve({ outcome, changed });
      },
      purge,
      log,
      metrics: createMetrics('test'),
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await sweeper.stop();
    expect(1_000 - waiting.size).toBeGreaterThanOrEqual(least);
    expect(1_000 - waiting.size).toBeLessThanOrEqual(most);
  },
);
