/** The results as aligned lines for a terminal. */
import { ceilings } from '../ceilings/kinds';
import type { Results, Summary } from './results';

const number = (value: number | undefined, digits = 0) =>
  value === undefined
    ? '-'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Orders that were refused, or not CONFIRMED although they were good: they have no latency. */
const failures = ({ refused = 0, not_confirmed = 0 }: Summary) => refused + not_confirmed;

/** The columns: head, and the value of a scenario. */
const COLUMNS: readonly (readonly [string, (each: Summary) => string])[] = [
  ['orders/s', (each) => number(each.orders_per_s)],
  ['±%', (each) => number(each.spread * 50)],
  ['not served', (each) => number(failures(each))],
  ['p50 ms', (each) => number(each.p50_ms, 1)],
  ['p95', (each) => number(each.p95_ms, 1)],
  ['p99', (each) => number(each.p99_ms, 1)],
  ['p99.9', (each) => number(each.p999_ms, 1)],
  ['CPU s/1000', (each) => number(each.cpu_s_per_1000, 2)],
  ['messages', (each) => number(each.messages_per_order, 1)],
  ['commits', (each) => number(each.commits_per_order, 2)],
  ['WAL B', (each) => number(each.wal_bytes_per_order)],
  ['batch', (each) => number(each.average_batch, 1)],
];

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd());
}

/** The machine in one line. */
export function machineLine({ machine, measured_at, scenarios }: Results): string {
  const { cpu, cores, memory_gib, node, postgres, rabbitmq, commit, load_before } = machine;
  return [
    `${String(cores)} cores (${cpu}), ${String(memory_gib)} GiB`,
    `Node.js ${node}, PostgreSQL ${postgres}, RabbitMQ ${rabbitmq}`,
    `rounds of each: ${String(Math.max(...Object.values(scenarios).map(({ rounds }) => rounds)))}, commit ${commit}, ${measured_at.slice(0, 16).replace('T', ' ')} UTC, load before ${load_before}`,
  ].join('; ');
}

/** The scenarios, with a head. */
export const scenarioRows = ({ scenarios }: Results): string[][] => [
  ['scenario', ...COLUMNS.map(([head]) => head)],
  ...Object.entries(scenarios).map(([name, each]) => [name, ...COLUMNS.map(([, value]) => value(each))]),
];

/** The ceilings, with a head. */
export const ceilingRows = ({ ceilings: measured }: Results): string[][] => [
  ['ceiling', 'of', 'a second', 'server CPU µs', 'client CPU µs'],
  ...Object.entries(measured).map(([name, { per_s, server_cpu_us, client_cpu_us }]) => [
    name,
    unitOf(name),
    number(per_s),
    number(server_cpu_us, 1),
    number(client_cpu_us, 1),
  ]),
];

const unitOf = (name: string) => Object.entries(ceilings).find(([ceiling]) => ceiling === name)?.[1] ?? '';

/** The ratios, with a head. */
export const ratioRows = ({ ratios }: Results): string[][] => [
  ['ratio', ''],
  ...Object.entries(ratios).map(([name, value]) => [name, number(value, 3)]),
];

/** CPU of each scenario by process, one line each. */
const cpuLines = ({ scenarios }: Results): string[] =>
  Object.entries(scenarios).flatMap(([name, { cpu_s_per_1000_by_process: by = {}, peak_mib_by_process: mib = {} }]) => {
    const list = (values: Readonly<Record<string, number>>, digits: number) =>
      Object.entries(values)
        .map(([process, value]) => `${process} ${number(value, digits)}`)
        .join(', ');
    return [`  ${name}: CPU s/1000: ${list(by, 2)}; peak MiB: ${list(mib, 0)}`];
  });

/** Everything that was measured. */
export function printResults(results: Results): string[] {
  return [
    '',
    `  ${machineLine(results)}`,
    '',
    ...aligned(scenarioRows(results)),
    '',
    ...cpuLines(results),
    '',
    ...aligned(ceilingRows(results)),
    '',
    ...aligned(ratioRows(results)),
    '',
  ];
}
