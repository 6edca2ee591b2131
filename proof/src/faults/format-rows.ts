/** Rows and results as lines for a person. */
import { groups, type Group, type NotRun, type Result, type Row } from './row';

const MS_PER_S = 1_000;
const seconds = (ms: number) => `${(ms / MS_PER_S).toFixed(1)} s`;

/** The rows by group, and those that are not run. */
export function listRows(rows: readonly Row[], notRun: readonly NotRun[]): string[] {
  // Object.entries forgets the key type; the keys are exactly the groups.
  const listed = (Object.entries(groups) as [Group, string][]).flatMap(([group, title]) => {
    const own = rows.filter((row) => row.group === group);
    if (own.length === 0) return [];
    return [`\n  ${title} (${group})`, ...own.map(({ number, fault }) => `  ${String(number).padStart(4)}  ${fault}`)];
  });
  const left = notRun.map(({ number, fault, why }) => `  ${String(number).padStart(4)}  ${fault}: ${why}`);
  return [...listed, '\n  Not run', ...left];
}

/** One finished row: verdict, what was seen, how long it took to recover. */
export function rowLine({ number, fault }: Row, result: Result): string {
  const { verdict, seen, recoveryMs, absorbed, orders, cancelled, parked, tookMs } = result;
  const figures = [
    `recovered in ${recoveryMs === null ? 'no time known' : seconds(recoveryMs)}`,
    `${String(absorbed)} duplicates absorbed`,
    `${String(orders)} orders, ${String(cancelled)} cancelled`,
    ...(parked > 0 ? [`${String(parked)} parked on purpose`] : []),
    seconds(tookMs),
  ];
  const mark = verdict === 'holds' ? '✔' : `✖ ${verdict}`;
  return `  ${mark} ${String(number).padStart(2)}  ${fault}\n        ${seen}\n        ${figures.join('; ')}`;
}
