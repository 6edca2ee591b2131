import { AbandonedError } from '../timing/retry';
import { isolateFailures, ONCE } from './isolate-failures';

/** As `pg` says that a server is gone. */
const gone = () => Object.assign(new Error('terminating connection'), { code: '57P01' });

/** Handles batches of texts all or nothing; what these texts name fails, so often (for ever when nothing is said). */
function handler(failing: Readonly<Record<string, { error: () => Error; times?: number }>>) {
  const batches: string[] = [];
  const failures = new Map<string, number>();
  const handle = (items: readonly string[]) => {
    batches.push(items.join(' '));
    for (const item of items) {
      const { error, times = Infinity } = failing[item] ?? { times: 0 };
      const failed = failures.get(item) ?? 0;
      if (!error || failed >= times) continue;
      failures.set(item, failed + 1);
      return Promise.reject(error());
    }
    return Promise.resolve(items.map((item) => `${item} done`));
  };
  return { handle, batches };
}

const poison = () => new Error('poison');

test('a batch that can be handled is handled as a whole', async () => {
  const { handle, batches } = handler({});
  await expect(isolateFailures(handle, ONCE)(['a', 'b'])).resolves.toEqual(['a done', 'b done']);
  expect(batches).toEqual(['a b']);
});

test('one that fails takes no neighbour along: its error is its own result', async () => {
  const { handle, batches } = handler({ b: { error: poison } });
  await expect(isolateFailures(handle, ONCE)(['a', 'b', 'c'])).resolves.toEqual(['a done', poison(), 'c done']);
  expect(batches).toEqual(['a b c', 'a', 'b', 'c']);
});

test('alone, one is tried as often as its caller wants, and each failure is told', async () => {
  const { handle, batches } = handler({ b: { error: poison } });
  const told: string[] = [];
  const isolation = {
    tries: 3,
    pauseMs: 1,
    onFailure: (error: Error, item: string, tries: number) => told.push(`${item}: ${error.message} ${String(tries)}`),
  };
  await expect(isolateFailures(handle, isolation)(['b'])).resolves.toEqual([poison()]);
  expect(batches).toEqual(['b', 'b', 'b']);
  expect(told).toEqual(['b: poison 1', 'b: poison 2', 'b: poison 3']);
});

test('one that fails now and then is handled in the end', async () => {
  const { handle } = handler({ b: { error: poison, times: 2 } });
  await expect(isolateFailures(handle, { tries: 3, pauseMs: 1 })(['b'])).resolves.toEqual(['b done']);
});

test('when the infrastructure fails a whole batch, nothing of it is handled', async () => {
  const { handle, batches } = handler({ a: { error: gone } });
  await expect(isolateFailures(handle, ONCE)(['a', 'b'])).rejects.toThrow('terminating connection');
  expect(batches).toEqual(['a b']);
});

test('when it fails in the middle, what was handled keeps its result, and the others are not asked for', async () => {
  const { handle, batches } = handler({ b: { error: poison, times: 1 }, c: { error: gone } });
  const results = await isolateFailures(handle, { tries: 3, pauseMs: 1 })(['a', 'b', 'c', 'd']);
  expect(results).toEqual(['a done', 'b done', gone(), gone()]);
  expect(batches).toEqual(['a b c d', 'a', 'b', 'c']);
});

test('an abandoned batch has no results: it comes again', async () => {
  const abandoned = () => new AbandonedError();
  const whole = handler({ a: { error: abandoned } });
  await expect(isolateFailures(whole.handle, ONCE)(['a', 'b'])).rejects.toBeInstanceOf(AbandonedError);
  expect(whole.batches).toEqual(['a b']);
  const middle = handler({ a: { error: poison, times: 1 }, b: { error: abandoned } });
  await expect(isolateFailures(middle.handle, ONCE)(['a', 'b', 'c'])).rejects.toBeInstanceOf(AbandonedError);
  expect(middle.batches).toEqual(['a b c', 'a', 'b']);
});
