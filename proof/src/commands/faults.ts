/** npm run faults: does faults to a running system under load, and has the checker judge what is left. */
import { readCommandLine, reportFailure } from '@quadrille/operator/src/command-line';
import { endStarted } from '@quadrille/operator/src/servers/child';
import { createProgress } from '@quadrille/operator/src/start/progress';
import { listRows, rowLine } from '../faults/format-rows';
import { keepResults } from '../faults/results';
import { groups, recoverWithinMs, type Result, type Row } from '../faults/row';
import { notRun, rows } from '../faults/rows';
import { runRow, stock } from '../faults/run-row';
import { startSystemUnderFault, type SystemUnderFault, type Deployment } from '../faults/system-under-fault';

const usage = `npm run faults -- [--only rows] [--quick] [--strict] [--list]
  --only    numbers and groups, for example 1,2,14 or broker,database
  --quick   the selection of the CI gate, in under four minutes
  --strict  a recovery slower than its goal fails, too: for a machine that has nothing else to do
  --list    the rows, without running them
Groups: ${Object.keys(groups).join(', ')}`;

const progress = createProgress();

/** The rows that are asked for. Throws, naming what there is, when something else is. */
function select(only: string | undefined, quick: boolean): readonly Row[] {
  const wanted = only?.split(',').map((part) => part.trim());
  const unknown = wanted?.find((part) => !(part in groups) && !rows.some(({ number }) => String(number) === part));
  if (unknown !== undefined) throw new Error(`--only: there is no row and no group ${unknown}.\n${usage}`);
  return rows
    .filter(({ number, group }) => wanted === undefined || wanted.includes(String(number)) || wanted.includes(group))
    .filter((row) => !quick || row.quick === true);
}

async function start(deployment: Deployment): Promise<SystemUnderFault> {
  const done = deployment === 'cluster' ? 'System under faults, on a cluster of three brokers' : 'System under faults';
  const system = await progress.step('system under faults', done, () => startSystemUnderFault(deployment));
  await stock(system);
  return system;
}

/**
 * Runs the rows on one system after the other: a fresh one after a row that left it broken, or for a row that needs
 * another.
 */
async function runAll(selected: readonly Row[]): Promise<Result[]> {
  const results: Result[] = [];
  let system: SystemUnderFault | undefined;
  let running: Deployment | undefined;
  try {
    for (const row of selected) {
      const deployment = row.deployment ?? 'single';
      if (running !== deployment) {
        await system?.stop();
        system = undefined;
        running = deployment;
      }
      system ??= await start(deployment);
      const result = await runRow(system, row).catch((error: unknown) => failed(row, error));
      results.push(result);
      process.stdout.write(`${rowLine(row, result)}\n`);
      if (result.verdict !== 'holds') running = undefined;
    }
  } finally {
    await system?.stop();
  }
  return results;
}

/** A row that could not even be judged. */
const failed = ({ number }: Row, error: unknown): Result => ({
  number,
  verdict: 'failed',
  seen: error instanceof Error ? error.message : String(error),
  recoveryMs: null,
  absorbed: 0,
  orders: 0,
  cancelled: 0,
  parked: 0,
  tookMs: 0,
});

/** Rows whose recovery took longer than its goal. */
function slowRows(selected: readonly Row[], results: readonly Result[]): number[] {
  const goals = new Map(selected.map((row) => [row.number, recoverWithinMs(row)]));
  return results
    .filter(({ number, recoveryMs }) => (recoveryMs ?? 0) > (goals.get(number) ?? 0))
    .map(({ number }) => number);
}

async function main(): Promise<void> {
  const { values } = readCommandLine(usage, {
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const selected = select(values.only, values.quick);
  if (values.list) {
    process.stdout.write(`${listRows(selected, notRun).join('\n')}\n`);
    return;
  }
  const began = performance.now();
  const results = await runAll(selected);
  const held = results.filter(({ verdict }) => verdict === 'holds').length;
  const slow = slowRows(selected, results);
  if (!values.quick) keepResults(rows, notRun, results);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stdout.write(`\n  ${String(held)} of ${String(results.length)} rows hold (${minutes} min).\n`);
  if (slow.length > 0) process.stdout.write(`  Slower than their goal: rows ${slow.join(', ')}.\n`);
  process.exitCode = held === results.length && !(values.strict && slow.length > 0) ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The services end by themselves when this process does; servers would stay.
  process.once(signal, () => void endStarted('SIGKILL').then(() => process.exit(1)));
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    reportFailure(error);
    process.exit(1);
  },
);
