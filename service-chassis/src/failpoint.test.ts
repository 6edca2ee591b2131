import { spawnSync } from 'node:child_process';
import { createFailpoint, FAILPOINTS } from './failpoint';

const passing = [{ key: 'o-1', message: { type: 'OrderCreated' } }];
const thrown = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { readonly code?: string }).code; // what failpoints throw is an Error with a code
  }
};

test.each([undefined, ''])('unarmed (%j), every place is passed', (armed) => {
  const reach = createFailpoint(armed);
  for (const place of FAILPOINTS) expect(reach(place, passing)).toBeUndefined();
});

test('the n-th time, and no other time or place', () => {
  const reach = createFailpoint('before_commit:throw=40P01:2');
  const codes = [1, 2, 3].map(() => thrown(() => reach('before_commit')));
  expect(codes).toEqual([undefined, '40P01', undefined]);
  expect(thrown(() => reach('after_commit'))).toBeUndefined();
});

test.each(['OrderCreated', 'o-1'])('only with %s', (selector) => {
  const reach = createFailpoint(`before_commit/${selector}:throw=X:every`);
  expect(thrown(() => reach('before_commit', [{ key: 'o-2', message: { type: 'OrderCancelled' } }]))).toBeUndefined();
  expect(thrown(() => reach('before_commit'))).toBeUndefined();
  expect(thrown(() => reach('before_commit', passing))).toBe('X');
  expect(thrown(() => reach('before_commit', passing))).toBe('X');
});

test('a sleep is a promise', async () => {
  await expect(createFailpoint('before_call:sleep=1')('before_call')).resolves.toBeUndefined();
});

test('kill is SIGKILL, and says so before', () => {
  // The parent of this test's process must not be the one that dies.
  const script = `require('esbuild-register/dist/node').register(); require(${JSON.stringify(require.resolve('./failpoint'))}).failpoint('before_ack')`;
  const env = { ...process.env, FAILPOINT: 'before_ack:kill' };
  const { signal, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  expect(stderr).toBe('failpoint before_ack: kill\n');
});

test.each(['before_commit', 'nowhere:kill', 'before_commit:explode', 'before_commit:sleep', 'before_commit:kill:-1'])(
  'FAILPOINT=%s is refused',
  (armed) => {
    expect(() => createFailpoint(armed)).toThrow('FAILPOINT must be');
  },
);
