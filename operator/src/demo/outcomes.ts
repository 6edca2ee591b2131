/** The demo's table of outcomes as text. */
import { textTable } from '../text-table';
import { kinds } from './kinds';
import type { Played } from './play';

/** How many orders of each kind that did not end as expected are named. */
const NAMED_MAX = 3;

const MS_PER_S = 1_000;

/** The median; the lower one of two middle values. 0 for an empty list. */
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length / 2) - 1)] ?? 0;

/** A duration with as many digits as are meaningful. */
const duration = (ms: number) => (ms < MS_PER_S ? `${String(Math.round(ms))} ms` : `${(ms / MS_PER_S).toFixed(1)} s`);

const HEADINGS = ['Orders', 'Number', 'Must end as', 'Did', 'Median'];
const RIGHT_ALIGNED = ['Number', 'Median'];

/** One line for each kind, followed by its orders that did not end as expected. At most 100 columns wide. */
export function outcomesTable(played: readonly Played[]): string[] {
  const rows = kinds.map((kind) => {
    const orders = played.filter((each) => each.kind === kind);
    const wrong = orders.filter(({ observed }) => observed !== kind.expected);
    return {
      cells: [
        kind.name,
        String(orders.length),
        kind.expected,
        wrong.length === 0 ? '✓ all' : `✗ ${String(orders.length - wrong.length)}`,
        duration(median(orders.map(({ tookMs }) => tookMs))),
      ],
      wrong,
    };
  });
  const { head, lines } = textTable(
    HEADINGS,
    rows.map(({ cells }) => cells),
    RIGHT_ALIGNED,
  );
  return [
    ...head,
    ...rows.flatMap(({ wrong }, index) => [
      lines[index] ?? '',
      ...wrong.slice(0, NAMED_MAX).map(({ orderId, observed }) => `      ${orderId ?? 'not placed'}  ${observed}`),
      ...(wrong.length > NAMED_MAX ? [`      and ${String(wrong.length - NAMED_MAX)} more`] : []),
    ]),
  ];
}
