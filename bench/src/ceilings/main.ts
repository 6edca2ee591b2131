/** The ceilings' process: opens a load, warms it up, keeps it up for the given time, and sends how much was done. */
import { inBatches, rowByRow } from './postgres';
import { inHundreds, oneByOne } from './queue';
import type { CeilingJob, CeilingName, Load } from './kinds';

const loads: Record<CeilingName, (job: CeilingJob) => Promise<Load>> = {
  postgres_rows: ({ databaseUrl }) => rowByRow(databaseUrl),
  postgres_batches: ({ databaseUrl }) => inBatches(databaseUrl),
  queue_each: ({ amqpUrl }) => oneByOne(amqpUrl),
  queue_batches: ({ amqpUrl }) => inHundreds(amqpUrl),
};

let load: Load | undefined;

/** Longest warm-up, in milliseconds: on a machine so busy that it takes longer, the figures are worth little anyway. */
const WARM_UP_MAX_MS = 15_000;

/** Runs for `ms` milliseconds; resolves with units and seconds. */
async function run(ms: number): Promise<{ units: number; seconds: number }> {
  const began = performance.now();
  const units = (await load?.run(() => performance.now() - began >= ms)) ?? 0;
  return { units, seconds: (performance.now() - began) / 1000 };
}

async function obey(message: CeilingJob | { readonly runMs: number } | 'close'): Promise<unknown> {
  if (message === 'close') {
    await load?.close();
    return {};
  }
  if ('runMs' in message) return run(message.runMs);
  const opened = await loads[message.name](message);
  const deadline = performance.now() + WARM_UP_MAX_MS;
  await opened.run((done) => done >= opened.warmUp || performance.now() > deadline);
  load = opened;
  return {};
}

process.on('message', (message: Parameters<typeof obey>[0]) => {
  obey(message).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0)); // the benchmark has ended
process.send?.('ready');
