import { withTimeout } from './timeout';

const never = () => new Promise<string>(() => undefined);

test('what comes in time is the result, and no timer is left behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  expect(await withTimeout(Promise.resolve('done'), 60_000, () => 'late')).toBe('done');
  await expect(withTimeout(Promise.reject(new Error('failed')), 60_000, () => 'late')).rejects.toThrow('failed');
  expect(timers()).toBe(before);
});

test('what does not come in time is replaced by a value, or by an error', async () => {
  expect(await withTimeout(never(), 1, () => 'late')).toBe('late');
  const refused = withTimeout(never(), 1, () => {
    throw new Error('no answer within 1 ms');
  });
  await expect(refused).rejects.toThrow('no answer within 1 ms');
});

test('work that fails after its time is ignored', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<string>((_, reject) => {
    fail = reject;
  });
  expect(await withTimeout(work, 1, () => 'late')).toBe('late');
  fail(new Error('too late'));
  // Node reports an unhandled rejection before the next turn of the event loop.
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
