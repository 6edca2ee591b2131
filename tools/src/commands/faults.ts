/** npm run faults: does faults to a running system under load, and has the checker judge what is left. */
import { parseArgs } from 'node:util';
import { endStarted } from '../servers/child';
import { createProgress } from '../start/progress';
import { listRows, rowLine } from '../faults/lines';
import { groups, type Result, type Row } from '../faults/row';
import { notRun, rows } from '../faults/rows';
import { runRow, stock } from '../faults/run-row';
import { startStage, type Stage } from '../faults/stage';

const usage = `npm run faults -- [--only rows] [--quick] [--list]
  --only    numbers and groups, for example 1,2,14 or broker,database
  --quick   the selection of the CI gate, in under four minutes
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

async function start(): Promise<Stage> {
  const stage = await progress.step('system under faults', 'System under faults', () => startStage());
  await stock(stage);
  return stage;
}

/** Runs the rows on one system, on a fresh one after a row that left it broken. */
async function runAll(selected: readonly Row[]): Promise<Result[]> {
  const results: Result[] = [];
  let stage = await start();
  try {
    for (const row of selected) {
      const result = await runRow(stage, row);
      results.push(result);
      process.stdout.write(`${rowLine(row, result)}\n`);
      if (result.verdict === 'holds' || row === selected.at(-1)) continue;
      await stage.stop();
      stage = await start();
    }
  } finally {
    await stage.stop();
  }
  return results;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const selected = select(values.only, values.quick);
  if (values.list) {
    process.stdout.write(`${listRows(selected, notRun).join('\n')}\n`);
    return;
  }
  const began = performance.now();
  const results = await runAll(selected);
  const held = results.filter(({ verdict }) => verdict === 'holds').length;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stdout.write(`\n  ${String(held)} of ${String(results.length)} rows hold (${minutes} min).\n`);
  process.exitCode = held === results.length ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The services end by themselves when this process does; servers would stay.
  process.once(signal, () => void endStarted('SIGKILL').then(() => process.exit(1)));
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
