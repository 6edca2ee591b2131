/** npm run simulate: the real services in one process, under every fault, judged by the rules of npm run verify. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { readCommandLine, reportFailure, wholeNumber } from '@quadrille/operator/src/command-line';
import { createScenario, type Scenario } from '../simulation/faults/fault-plan';
import { replayOptions, scenarioOf } from '../simulation/replay';
import { missed, offenders, report, situationsOf, type RunSummary } from '../simulation/report';
import { shrink } from '../simulation/shrink';
import { summarize } from '../simulation/summary';

const usage = `npm run simulate -- [--orders 100000] [--seed 7] [--seeds 1000] [--trace file]
  --orders  orders of each run (100000)
  --seed    the first seed; the same seed is the same history, to the byte (7)
  --seeds   runs, each with the next seed, on all processors (1); Ctrl-C reports those that were run
  --trace   writes the history of a single run to a file
  --of, --faults, --noises   a part of a seed's trouble, as a failing run prints it`;

/** Runs that are spent on making a failing one smaller. */
const SHRINK_RUNS = 60;

const CLEAR_LINE = '\r\x1b[2K';

interface Options {
  readonly seeds: number;
  readonly trace: string | undefined;
  readonly scenario: Scenario;
}

function readOptions(): Options {
  const { values } = readCommandLine(usage, {
    options: {
      orders: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '7' },
      seeds: { type: 'string', default: '1' },
      of: { type: 'string' },
      faults: { type: 'string' },
      noises: { type: 'string' },
      trace: { type: 'string' },
    },
  });
  const seeds = wholeNumber(usage, 'seeds', values.seeds, { least: 1 });
  const part = values.of ?? values.faults ?? values.noises ?? values.trace;
  if (seeds > 1 && part !== undefined) throw new Error(`--seeds goes with --orders and --seed only.\n${usage}`);
  const scenario = scenarioOf({
    orders: wholeNumber(usage, 'orders', values.orders, { least: 1 }),
    seed: wholeNumber(usage, 'seed', values.seed),
    of: values.of === undefined ? undefined : wholeNumber(usage, 'of', values.of, { least: 1 }),
    faults: values.faults,
    noises: values.noises,
  });
  return { seeds, trace: values.trace, scenario };
}

const redraw = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${text}`);
};

async function runOne({ scenario, trace }: Options): Promise<readonly RunSummary[]> {
  const file = trace === undefined ? undefined : openSync(trace, 'w');
  let shown = 0;
  const summary = await summarize(scenario, {
    progress: (placed) => {
      if (placed < shown) return;
      shown = placed + scenario.orders / 100;
      redraw(`  … ${placed.toLocaleString('en-US')} orders placed`);
    },
    ...(file === undefined ? {} : { write: (text: string) => writeSync(file, text) }),
  });
  if (file !== undefined) closeSync(file);
  redraw('');
  return [summary];
}

/**
 * Shares the seeds among threads; each takes the next when it is done with one. Ctrl-C ends with those that were begun.
 */
async function runMany({ seeds, scenario: { seed: first, orders } }: Options): Promise<readonly RunSummary[]> {
  const summaries: RunSummary[] = [];
  let next = first;
  let end = first + seeds;
  process.once('SIGINT', () => {
    end = next;
  });
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(__filename, { workerData: orders });
      const give = () => {
        if (next < end) worker.postMessage(next++);
        else
          void worker.terminate().then(() => {
            resolve();
          });
      };
      worker.on('message', (summary: RunSummary) => {
        summaries.push(summary);
        redraw(`  … ${String(summaries.length)} of ${String(seeds)} seeds`);
        give();
      });
      worker.once('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: Math.min(seeds, availableParallelism()) }, work));
  redraw('');
  return summaries.sort((a, b) => a.seed - b.seed);
}

async function explain(failing: Scenario, summary: RunSummary): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  print(`\n  Seed ${String(failing.seed)} fails. To see it again: npm run simulate -- ${replayOptions(failing)}`);
  offenders(summary.breaches).forEach(print);
  redraw('  … making it smaller');
  const fails = async (scenario: Scenario) => (await summarize(scenario)).breaches.length > 0;
  const { scenario, runs } = await shrink(failing, fails, { runs: SHRINK_RUNS });
  redraw('');
  const kinds = [...new Set(scenario.faults.map(({ kind }) => kind)), ...scenario.noises];
  print(
    `  After ${String(runs)} tries ${String(scenario.orders)} orders are enough, with ${String(scenario.faults.length)} faults (${kinds.join(', ') || 'nothing goes wrong at all'}):`,
  );
  print(`    npm run simulate -- ${replayOptions(scenario)} --trace history.txt`);
  offenders((await summarize(scenario)).breaches).forEach(print);
}

/**
 * Simulates and prints what came of it; exit status 1 when an invariant is broken or a situation was not met often
 * enough.
 */
async function main(): Promise<void> {
  const options = readOptions();
  const started = performance.now();
  const before = process.cpuUsage();
  const runs = options.seeds === 1 ? await runOne(options) : await runMany(options);
  const { user, system } = process.cpuUsage(before);
  const took = { wallMs: performance.now() - started, cpuMs: (user + system) / 1_000 };
  const orders = runs.reduce((total, run) => total + run.orders, 0);
  process.stdout.write(`\n${report(runs, orders, took).join('\n')}\n`);
  const failing = runs.find(({ breaches }) => breaches.length > 0);
  if (failing)
    await explain(options.seeds === 1 ? options.scenario : createScenario(failing.seed, failing.orders), failing);
  process.stdout.write('\n');
  process.exitCode = failing || missed(situationsOf(runs), orders).length > 0 ? 1 : 0;
}

if (isMainThread) {
  main().then(
    // What a run may have left behind, such as the figures of Node's event loop, must not keep the process.
    () => process.exit(),
    (error: unknown) => {
      reportFailure(error);
      process.exit(1);
    },
  );
} else {
  parentPort?.on('message', (seed: number) => {
    // The number of orders was given to this very worker above.
    void summarize(createScenario(seed, workerData as number)).then((summary) => parentPort?.postMessage(summary));
  });
}
