/** `npm run bench`: starts the systems, runs the scenarios in rounds, and writes what was measured. */
import { writeFileSync } from 'node:fs';
import type { Bench } from './bench';
import { startCeiling, type CeilingFigures } from './ceilings/ceiling';
import { ceilingNames, type CeilingName } from './ceilings/kinds';
import { startCustomers } from './customers/customers';
import { describeMachine, machineLoad } from './machine';
import { medians, type Figures } from './measure/figures';
import { readOptions, type Options } from './options';
import { BASELINE_MIN, ratiosOf } from './results/ratios';
import { summarize, type Results } from './results/results';
import { printResults } from './results/table';
import { scenarios } from './scenarios';
import { runBurst } from './scenarios/burst';
import { startBaseline } from './systems/baseline';
import { startProduct } from './systems/product';
import { stockAll } from './systems/stock';

/** Orders of either system before anything counts: connections are opened, code is compiled. */
const WARM_UP_ORDERS = 1_000;

const note = (text: string) => process.stderr.write(`  ${text}\n`);

/** Starts everything, hands it to `work`, and stops it whatever happens. */
async function withBench<Result>(work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const stops: (() => unknown)[] = [];
  const started = <Each extends { readonly stop: () => unknown }>(part: Each): Each => {
    stops.unshift(part.stop);
    return part;
  };
  try {
    const product = started(await startProduct());
    const baseline = started(await startBaseline(product));
    const customers = started(await startCustomers());
    const ceiling = started(await startCeiling(product));
    const bench = { product, baseline, customers, ceiling };
    note('warming up');
    for (const subject of [product.subject, baseline.subject]) {
      await stockAll(subject);
      await runBurst(bench, subject, { orders: WARM_UP_ORDERS, quick: true });
    }
    return await work(bench);
  } finally {
    for (const stop of stops) await stop();
  }
}

/** Runs everything that is wanted in rounds: each once, then each again, so that a bad minute hits all alike. */
async function runRounds(bench: Bench, { only, rounds, orders }: Options) {
  const wanted = scenarios.filter(({ name }) => !only || only.has(name));
  const figures = new Map<string, Figures[]>();
  const ceilings = new Map<CeilingName, CeilingFigures[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const { name, roundsMax = rounds, run } of wanted) {
      if (round > roundsMax) continue;
      const result = await run(bench, { orders, quick: false });
      figures.set(name, [...(figures.get(name) ?? []), result]);
      note(`round ${String(round)}  ${name.padEnd(18)} ${result.orders_per_s.toFixed(0).padStart(7)} orders/s`);
    }
    for (const name of !only || only.has('ceilings') ? ceilingNames : []) {
      const result = await bench.ceiling.measure(name);
      ceilings.set(name, [...(ceilings.get(name) ?? []), result]);
      note(`round ${String(round)}  ${name.padEnd(18)} ${result.per_s.toFixed(0).padStart(7)} /s`);
    }
  }
  return {
    scenarios: Object.fromEntries([...figures].map(([name, each]) => [name, summarize(each)])),
    ceilings: Object.fromEntries([...ceilings].map(([name, each]) => [name, medians(each)])),
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  const loadBefore = machineLoad();
  const results = await withBench(async (bench): Promise<Results> => {
    const machine = await describeMachine(bench.product, loadBefore);
    const measured = await runRounds(bench, options);
    const ratios = ratiosOf({ ...measured, cores: machine.cores });
    return { measured_at: new Date().toISOString(), machine, ...measured, ratios };
  });
  process.stdout.write(`${printResults(results).join('\n')}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  const { baseline_to_postgres_rows: worth } = results.ratios;
  if (worth !== undefined && worth < BASELINE_MIN) {
    const share = `${(100 * worth).toFixed(1)} % of PostgreSQL's row-at-a-time rate`;
    throw new Error(
      `This run is void: its baseline reaches only ${share}, ${String(100 * BASELINE_MIN)} % are the least.`,
    );
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
