import { spawnSync } from 'node:child_process';
import { createFailpoint, FAILPOINTS, type Reach } from './failpoint';

const passing = [{ key: 'o-1', message: { type: 'OrderCreated' } }];
const armed = (text: string | undefined): Reach => {
  const reach = createFailpoint(text);
  if (!reach) throw new Error(`${String(text)} is no failpoint`);
  return reach;
};
const thrown = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { readonly code?: string }).code; // what failpoints throw is an Error with a code
  }
};

test.each([undefined, ''])('unarmed (%j), every place is passed', (text) => {
  const reach = armed(text);
  for (const place of FAILPOINTS) expect(reach(place, passing)).toBeUndefined();
});

test('the n-th time, and no other time or place', () => {
  const reach = armed('before_commit:throw=40P01:2');
  const codes = [1, 2, 3].map(() => thrown(() => reach('before_commit')));
  expect(codes).toEqual([undefined, '40P01', undefined]);
  expect(thrown(() => reach('after_commit'))).toBeUndefined();
});

test.each(['OrderCreated', 'o-1'])('only with %s', (selector) => {
  const reach = armed(`before_commit/${selector}:throw=X:every`);
  expect(thrown(() => reach('before_commit', [{ key: 'o-2', message: { type: 'OrderCancelled' } }]))).toBeUndefined();
  expect(thrown(() => reach('before_commit'))).toBeUndefined();
  expect(thrown(() => reach('before_commit', passing))).toBe('X');
  expect(thrown(() => reach('before_commit', passing))).toBe('X');
});

test('a sleep is a promise', async () => {
  await expect(armed('before_call:sleep=1')('before_call')).resolves.toBeUndefined();
});

test('kill is SIGKILL, and says so before', () => {
  // A process of its own: the one that dies must not be the parent of this test's process.
  const script = `require('esbuild-register/dist/node').register(); require(${JSON.stringify(require.resolve('./failpoint'))}).failpoint('before_ack')`;
  const env = { ...process.env, FAILPOINT: 'before_ack:kill' };
  const { signal, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  expect(stderr).toBe('failpoint before_ack: kill\n');
});

test.each(['before_commit', 'nowhere:kill', 'before_commit:explode', 'before_commit:sleep', 'before_commit:kill:-1'])(
  'FAILPOINT=%s is none',
  (text) => {
    expect(createFailpoint(text)).toBeUndefined();
  },
);

test('a service with a bad FAILPOINT ends with status 2 and says what would be right, like with any other bad setting', () => {
  const script = `require('esbuild-register/dist/node').register();
    const { commonConfig, run } = require(${JSON.stringify(require.resolve('..'))});
    const { z } = require('zod');
    void run({ name: 'fake-service', config: z.object(commonConfig), create: () => Promise.reject(new Error('created')) });`;
  const servers = { DATABASE_URL: 'postgresql://u:p@h/d', RABBITMQ_URL: 'amqp://u:p@h/q' };
  const env = { ...process.env, ...servers, FAILPOINT: 'nowhere:kill' };
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  expect(stderr).toBe(
    `fake-service: The environment is not right:\n  FAILPOINT: must be <place>[/<type or id>]:<kill|sleep=ms|throw[=code]>[:<n|every>], the place one of ${FAILPOINTS.join(', ')}\n`,
  );
  expect(status).toBe(2);
});
