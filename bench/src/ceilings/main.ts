/** The ceilings' process: opens a load and warms it up, keeps it up for as long as it is told, and answers how much was done. */
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

/** Longest warm-up: on a machine so busy that it does not end, the figures are worth little anyway. */
const WARM_UP_MAX_MS = 15_000;

/** Runs for so long; answers units and seconds. */
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
process.once('disconnect', () => process.exit(0)); // the benchmark has gone
process.send?.('ready');
