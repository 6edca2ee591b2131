import { AbandonedError, retry, type Patience } from './retry';

const endless: Patience = { shouldContinue: () => true, onFailure: () => undefined };

/** Fails with these errors in turn, then succeeds. */
function failing(...errors: Error[]) {
  const left = [...errors];
  return () => {
    const error = left.shift();
    return error ? Promise.reject(error) : Promise.resolve('done');
  };
}

const passes = (error: unknown) => error instanceof Error && error.message === 'passes';

test('what will pass is tried again until it has, and each failure is reported and counted', async () => {
  const reported: unknown[] = [];
  const counted: number[] = [];
  const patience = { ...endless, onFailure: (failures: number) => counted.push(failures) };
  const report = (error: unknown, failures: number) => reported.push([error, failures]);
  const work = failing(new Error('passes'), new Error('passes'));
  await expect(retry(work, passes, report, patience)).resolves.toBe('done');
  expect(reported).toEqual([
    [new Error('passes'), 0],
    [new Error('passes'), 1],
  ]);
  expect(counted).toEqual([1, 2]);
});

test('what will not pass is told at once', async () => {
  const report = jest.fn();
  await expect(retry(failing(new Error('stays')), passes, report, endless)).rejects.toThrow('stays');
  expect(report).not.toHaveBeenCalled();
});

test('nothing is tried when it is not wanted any more, and nothing again', async () => {
  const work = jest.fn(failing(new Error('passes')));
  const never: Patience = { ...endless, shouldContinue: () => false };
  await expect(retry(work, passes, () => undefined, never)).rejects.toBeInstanceOf(AbandonedError);
  expect(work).not.toHaveBeenCalled();
  const once: Patience = { ...endless, shouldContinue: (failures) => failures < 1 };
  await expect(retry(work, passes, () => undefined, once)).rejects.toBeInstanceOf(AbandonedError);
  expect(work).toHaveBeenCalledTimes(1);
});
