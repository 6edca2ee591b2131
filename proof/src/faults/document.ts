/** docs/failure-modes.md: the hand-written template, with the tables of what was run in their places. */
import { markdownTable } from '../markdown-table';
import { groups, recoverWithinMs, type Group, type KeptResult, type NotRun, type Result, type Row } from './row';

const MS_PER_S = 1_000;
const seconds = (ms: number) => `${(ms / MS_PER_S).toFixed(1)} s`;

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
  return lines.length === 0 ? undefined : `### ${groups[group]}\n\n${markdownTable(HEADER, lines)}`;
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
      left.length === 0 ? 'Nothing: every row was run.' : markdownTable(['#', 'Fault', 'Why it is not run'], left),
    );
}
