/** Writes bench/RESULTS.md and its charts. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { scenarios as all } from '../scenarios';
import { chartsOf } from './charts';
import type { Results } from './results';
import { ceilingRows, machineLine, ratioRows, scenarioRows } from './table';

const folder = join(rootFolder, 'bench');

/** For several rounds; a single one has neither median nor spread. */
const ROUNDS = `Rounds are interleaved, so that a bad minute hits all alike; figures are medians, ± is half the distance between best and
worst round.`;

const METHOD = `Everything ran on one machine, the customers' process included: the product as \`npm start\` runs it, on a private
PostgreSQL and RabbitMQ with all guarantees on (fsync, quorum queues, confirms, outbox, validation, logs). A run counts only if all seven
invariants hold after it. Latency is from POST to CONFIRMED, in an HDR histogram; at a steady rate it counts from the moment an order was
meant to be sent, so that a stall is not left out. CPU is of the services, the broker and the database with all their threads and
children, without the customers. [README.md](README.md) says what baseline and ceilings are, and how to run this yourself.`;

function table(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...body.map(line)];
}

/** Writes the report, replacing an earlier one. */
export function writeReport(results: Results): void {
  const charts = chartsOf(results);
  rmSync(join(folder, 'results'), { recursive: true, force: true });
  mkdirSync(join(folder, 'results'));
  for (const [name, svg] of charts) writeFileSync(join(folder, 'results', name), svg);
  const about = all
    .filter(({ name }) => name in results.scenarios)
    .map(({ name, about: text }) => `- **${name}**: ${text}`);
  const lines = [
    '# Results',
    '',
    'Written by `npm run bench`.',
    '',
    machineLine(results) + '.',
    '',
    ...charts.flatMap(([name]) => [`![${name.replace('.svg', '')}](results/${name})`, '']),
    ...table(scenarioRows(results)),
    '',
    ...about,
    '',
    '## Ceilings and ratios',
    '',
    ...table(ceilingRows(results)),
    '',
    ...table(ratioRows(results)),
    '',
    '## Method',
    '',
    ...(Object.values(results.scenarios).some(({ rounds }) => rounds > 1) ? [ROUNDS] : ['A single round.']),
    METHOD,
    '',
  ];
  writeFileSync(join(folder, 'RESULTS.md'), lines.join('\n'));
}
