/** What a simulation came to, as lines for a person. */
import { invariants, type Breach } from '@quadrille/operator/src/verify/facts';
import { situations, type Situation } from './checkers/coverage';

/** Something that must not be: a breach of an invariant, or of what is watched while a run goes on. */
export interface Finding {
  readonly rule: string;
  /** The order, the product or the message. */
  readonly subject?: string;
  readonly detail: string;
}

/** A breach of one of the seven invariants, as a finding. */
export const findingOf = ({ invariant, orderId, productId, detail }: Breach): Finding => {
  const subject = orderId ?? productId;
  return {
    rule: `${String(invariant)} ${invariants[invariant].name}`,
    ...(subject === undefined ? {} : { subject }),
    detail,
  };
};

/** What is kept of a run: it travels between threads. */
export interface RunSummary {
  readonly seed: number;
  readonly orders: number;
  readonly digest: string;
  readonly breaches: readonly Finding[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly charges: number;
  readonly refunds: number;
  readonly notifications: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly situations: Readonly<Record<string, number>>;
}

/** Every situation must have occurred so often in 100,000 orders; in fewer orders, in proportion. */
const FLOOR = { times: 100, orders: 100_000 } as const;

/** Below so many orders nothing is asked for: chance rules. */
const FLOOR_FROM_ORDERS = 10_000;

/** Offenders that are named; the others are counted. */
const NAMED_MAX = 10;

const MS_PER_S = 1_000;
const number = (value: number) => value.toLocaleString('en-US');

/** How often every situation must have occurred in a run of so many orders. */
const floorFor = (orders: number): number =>
  orders < FLOOR_FROM_ORDERS ? 0 : Math.min(FLOOR.times, Math.floor((FLOOR.times * orders) / FLOOR.orders));

/** Situations that did not occur often enough for the run to prove anything about them. */
export const missed = (counted: Readonly<Record<string, number>>, orders: number): readonly Situation[] =>
  situations.filter((situation) => (counted[situation] ?? 0) < floorFor(orders));

const sum = (runs: readonly RunSummary[], of: (run: RunSummary) => number) =>
  runs.reduce((total, run) => total + of(run), 0);

const merged = (runs: readonly RunSummary[], of: (run: RunSummary) => Readonly<Record<string, number>>) => {
  const total: Record<string, number> = {};
  for (const run of runs) for (const [name, count] of Object.entries(of(run))) total[name] = (total[name] ?? 0) + count;
  return total;
};

/** All runs as one. Their digests are joined by the caller if they matter. */
export const situationsOf = (runs: readonly RunSummary[]): Readonly<Record<string, number>> =>
  merged(runs, (run) => run.situations);

/** The offenders of one run. */
export const offenders = (breaches: readonly Finding[]): string[] => [
  ...breaches
    .slice(0, NAMED_MAX)
    .map(({ rule, subject, detail }) => `      ${rule}: ${subject === undefined ? '' : `${subject} `}${detail}`),
  ...(breaches.length > NAMED_MAX ? [`      and ${number(breaches.length - NAMED_MAX)} more`] : []),
];

/** What all runs came to: orders, situations, and the verdict. */
export function report(
  runs: readonly RunSummary[],
  orders: number,
  took: { readonly wallMs: number; readonly cpuMs: number },
): string[] {
  const counted = situationsOf(runs);
  const floor = floorFor(orders);
  const statuses = Object.entries(merged(runs, (run) => run.statuses)).sort((a, b) => b[1] - a[1]);
  const width = Math.max(...situations.map((situation) => number(counted[situation] ?? 0).length));
  const placed = statuses.reduce((total, [, count]) => total + count, 0);
  const broken = sum(runs, ({ breaches }) => breaches.length);
  const short = missed(counted, orders);
  const seconds = took.wallMs / MS_PER_S;
  return [
    `  ${number(orders)} orders wanted, ${number(placed)} placed: ${statuses.map(([status, count]) => `${number(count)} ${status}`).join(', ')}`,
    `  ${number(sum(runs, (run) => run.charges))} charges, ${number(sum(runs, (run) => run.refunds))} refunds, ${number(sum(runs, (run) => run.notifications))} notifications`,
    `  ${number(sum(runs, (run) => run.steps))} steps in ${number(Math.round(sum(runs, (run) => run.virtualMs) / MS_PER_S))} virtual seconds`,
    '',
    ...situations.map((situation) => {
      const count = counted[situation] ?? 0;
      return `  ${count < floor ? '✗' : '✓'} ${number(count).padStart(width)}  ${situation}`;
    }),
    '',
    `  ${number(seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds))} s, ${(took.cpuMs / MS_PER_S).toFixed(1)} s of processor: ${number(Math.round((orders / took.cpuMs) * 60 * MS_PER_S))} orders a minute on one core`,
    ...(runs.length === 1 ? [`  history ${runs[0]?.digest ?? ''}`] : []),
    ...(short.length > 0
      ? [
          `  ${number(short.length)} situations occurred less than ${number(floor)} times: this run proves nothing about them.`,
        ]
      : []),
    broken === 0
      ? '  All seven invariants hold; the chassis kept every message, and every answer came true.'
      : `  ${number(broken)} breaches in ${number(runs.filter(({ breaches }) => breaches.length > 0).length)} of ${number(runs.length)} runs.`,
  ];
}
