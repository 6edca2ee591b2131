/** `npm run bench`: starts the systems, runs the scenarios in rounds, and writes the results. */
import { writeFileSync } from 'node:fs';
import { readFileOf, runCommand } from '@quadrille/operator/src/command-line';
import { machineLoad } from '@quadrille/proof/src/load/figures';
import { withBench } from './bench';
import { describeMachine } from './machine';
import { readOptions, type Options } from './options';
import { BASELINE_MIN, ratiosOf } from './results/ratios';
import { readRecord, writeRecord } from './results/record';
import type { Results } from './results/results';
import { printResults } from './results/table';
import { writeReport } from './results/report';
import { runRounds, type Measured, type Plan } from './rounds';
import { scenarios } from './scenarios';
import { judgeSmoke, smokePlan } from './smoke';

/** Runs the plan on systems of its own. */
async function run(plan: Plan): Promise<Results & Pick<Measured, 'failure'>> {
  const loadBefore = machineLoad();
  return withBench(async (bench) => {
    const machine = await describeMachine(bench.product, loadBefore);
    const { failure, ...measured } = await runRounds(bench, plan);
    const ratios = ratiosOf({ ...measured, cores: machine.cores });
    return { measured_at: new Date().toISOString(), machine, ...measured, ratios, failure };
  });
}

/** Fails for a slow baseline, against which any product would look good. */
function refuseBadBaseline({ baseline_to_postgres_rows: worth }: Results['ratios']): void {
  if (worth === undefined || worth >= BASELINE_MIN) return;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  throw new Error(
    `This run is void: its baseline reaches ${percent(worth)} of PostgreSQL's row-at-a-time rate, ${percent(BASELINE_MIN)} are the least.`,
  );
}

async function measureAll(options: Options): Promise<void> {
  const { only, rounds, orders } = options;
  const { failure, ...results } = await run({
    scenarios: scenarios.filter(({ name }) => !only || only.has(name)),
    ceilings: !only || only.has('ceilings'),
    rounds,
    scale: { orders, quick: false },
  });
  process.stdout.write(`${printResults(results).join('\n')}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  if (failure !== undefined) throw new Error(failure);
  refuseBadBaseline(results.ratios);
  if (options.record) publish(results);
}

/** Writes the files that are committed: the report with its charts, and the ratio on record. */
function publish(results: Results): void {
  writeReport(results);
  writeRecord(results);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.render) {
    // Written by this command with --json.
    const results = JSON.parse(readFileOf('render', options.render)) as Results;
    refuseBadBaseline(results.ratios);
    publish(results);
  } else if (options.smoke) {
    const recorded = readRecord();
    const { failure, ratios } = await run(smokePlan);
    if (failure !== undefined) throw new Error(failure);
    const { good, line } = judgeSmoke(recorded, ratios['burst_to_baseline'] ?? 0);
    process.stdout.write(`\n${line}\n`);
    process.exitCode = good ? 0 : 1;
  } else await measureAll(options);
}

runCommand(main);
