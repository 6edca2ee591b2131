import { createEffectRunner } from './effects';
import { createMetrics } from '../telemetry/metrics';

/** Returns what is logged for an effect that fails with `error`. */
async function loggedFor(error: Error): Promise<unknown[]> {
  const lines: unknown[] = [];
  const runner = createEffectRunner({
    run: () => Promise.reject(error),
    log: { warn: (fields: unknown) => lines.push(fields) },
    metrics: createMetrics('test'),
  });
  runner.perform([{ key: 'o-1', effect: { type: 'SendMail' }, cause: {} }]);
  await runner.idle();
  return lines;
}

test('an effect that the infrastructure kept from being done is one line with one reason', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:25'), { syscall: 'connect' });
  expect(await loggedFor(refused)).toEqual([
    { reason: 'connect ECONNREFUSED 127.0.0.1:25', effect: 'SendMail', order_id: 'o-1' },
  ]);
});

test('one that failed in an unforeseen way keeps its stack', async () => {
  const error = new TypeError('x is not a function');
  expect(await loggedFor(error)).toEqual([{ err: error, effect: 'SendMail', order_id: 'o-1' }]);
});
