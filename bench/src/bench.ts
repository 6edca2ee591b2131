import { startCeiling } from './ceilings/ceiling';
import { startCustomers } from './customers/customers';
import { runBurst } from './scenarios/burst';
import { startBaseline } from './systems/baseline';
import type { Bench } from './systems/bench';
import { startProduct } from './systems/product';
import { stockAll } from './systems/stock';
import type { Subject } from './systems/subject';

/** Orders of either system before the measurement: connections are opened, code is compiled. */
const WARM_UP_ORDERS = 1_000;

const once = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
};

/** Starts everything, passes it to `work`, and always stops it, also after a signal of the terminal. */
export async function withBench<Result>(work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const stops: (() => unknown)[] = [];
  const started = <Each extends { readonly stop: () => unknown }>(part: Each): Each => {
    stops.unshift(part.stop);
    return part;
  };
  const stopAll = async () => {
    for (const stop of stops.splice(0)) await stop();
  };
  const onSignal = () => void stopAll().then(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    const product = started(await startProduct());
    const customers = started(await startCustomers());
    const bench: Bench = {
      product,
      customers,
      baseline: once(async () => {
        const { subject } = started(await startBaseline(product));
        await warmUp(bench, subject);
        return subject;
      }),
      ceiling: once(async () => started(await startCeiling(product))),
    };
    await warmUp(bench, product.subject);
    return await work(bench);
  } finally {
    await stopAll();
  }
}

async function warmUp(bench: Bench, subject: Subject): Promise<void> {
  process.stderr.write(`  … warming up the ${subject.name}\n`);
  await stockAll(subject);
  await runBurst(bench, subject, { orders: WARM_UP_ORDERS, quick: true });
}
