/** docs/failure-modes.md: the hand-written template, with the tables of what was run in their places. */
import { groups, recoverWithinMs, type Group, type KeptResult, type NotRun, type Result, type Row } from './row';

const MS_PER_S = 1_000;
const seconds = (ms: number) => `${(ms / MS_PER_S).toFixed(1)} s`;

/** Narrowest column: a rule needs three dashes. */
const COLUMN_MIN = 3;

/** A table as prettier writes it: columns as wide as their widest cell. */
function tableOf(header: readonly string[], body: readonly (readonly string[])[]): string {
  const escaped = body.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((title, column) =>
    Math.max(COLUMN_MIN, title.length, ...escaped.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...escaped.map(line)].join('\n');
}

function recoveryOf(row: Row, { recoveryMs }: Result): string {
  if (recoveryMs === null) return 'no';
  const goal = recoverWithinMs(row);
  return recoveryMs <= goal ? seconds(recoveryMs) : `${seconds(recoveryMs)} (goal: ${seconds(goal)})`;
}

function verdictOf({ verdict, parked }: Result): string {
  if (verdict !== 'holds') return `**${verdict}**`;
  return parked === 0 ? 'all seven hold' : `all seven hold, ${String(parked)} parked on purpose`;
}

const HEADER = ['#', 'Fault', 'Expected', 'What you will see', 'Seen', 'Recovered in', 'Duplicates', 'Invariants'];

function groupTable(group: Group, rows: readonly Row[], results: ReadonlyMap<number, Result>): string | undefined {
  const lines = rows
    .filter((row) => row.group === group)
    .flatMap((row) => {
      const result = results.get(row.number);
      if (!result) return [];
      const { seen, absorbed } = result;
      const figures = [seen, recoveryOf(row, result), absorbed.toLocaleString('en-US'), verdictOf(result)];
      return [[String(row.number), row.fault, row.expected, row.youWillSee, ...figures]];
    });
  return lines.length === 0 ? undefined : `### ${groups[group]}\n\n${tableOf(HEADER, lines)}`;
}

/** Which commit the rows were last run on; those that were run on another than most are named. */
function commitsOf(results: readonly KeptResult[]): string {
  const numbers = new Map<string, number[]>();
  for (const { commit, number } of results) numbers.set(commit, [...(numbers.get(commit) ?? []), number]);
  const [most, ...others] = [...numbers].sort(([, a], [, b]) => b.length - a.length);
  const exceptions = others.map(
    ([commit, rows]) => `; ${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')} on ${commit}`,
  );
  return most ? `Last run on commit ${most[0]}${exceptions.join('')}.` : '';
}

/** The document. The same results give the same text. */
export function documentOf(
  template: string,
  rows: readonly Row[],
  notRun: readonly NotRun[],
  results: readonly KeptResult[],
): string {
  const byNumber = new Map(results.map((result) => [result.number, result]));
  // Object.keys forgets the key type; the keys are exactly the groups.
  const tables = (Object.keys(groups) as Group[]).flatMap((group) => groupTable(group, rows, byNumber) ?? []);
  const sum = (figure: (result: Result) => number) =>
    results.reduce((total, result) => total + figure(result), 0).toLocaleString('en-US');
  const held = results.filter(({ verdict }) => verdict === 'holds').length;
  const summary =
    `${String(held)} of the ${String(results.length)} faults that were run hold: ${sum(({ orders }) => orders)} orders, ` +
    `${sum(({ cancelled }) => cancelled)} of them cancelled, ${sum(({ absorbed }) => absorbed)} duplicates absorbed. ${commitsOf(results)}`;
  const never = rows
    .filter(({ number }) => !byNumber.has(number))
    .map(({ number, fault }) => ({ number, fault, why: 'not run yet' }));
  const left = [...notRun, ...never].map(({ number, fault, why }) => [String(number), fault, why]);
  return template
    .replace('<!-- summary -->', () => summary)
    .replace('<!-- tables -->', () => tables.join('\n\n'))
    .replace('<!-- not run -->', () =>
      left.length === 0 ? 'Nothing: every row was run.' : tableOf(['#', 'Fault', 'Why it is not run'], left),
    );
}
