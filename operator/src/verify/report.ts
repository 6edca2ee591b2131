/** The checker's verdict as lines of text. */
import { invariants, type Breach, type Invariant } from './facts';
import { parkedIn } from './rules';
import type { Verdict } from './verify';

/** How many offenders are named; the others are counted. */
const NAMED_MAX = 10;

/** Width of the names of the invariants. */
const NAME_WIDTH = Math.max(...Object.values(invariants).map(({ name }) => name.length));

/** Indent of a continued line: all seven statuses beside the count would be wider than a terminal. */
const INDENT = ' '.repeat('  ✓ 1 '.length + NAME_WIDTH + 2);

const MS_PER_S = 1_000;
const number = (value: number) => value.toLocaleString('en-US');
const plural = (value: number, one: string, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

// Object.keys is typed string[]; the keys are exactly the numbers 1 to 7.
const numbers = Object.keys(invariants).map(Number) as Invariant[];

/** What was counted for each invariant. */
function counts({ tally, stock, keys, outboxes, queues, poison }: Verdict): Record<Invariant, string> {
  const statuses = [...tally.statuses].sort((a, b) => b[1] - a[1]).map(([status, n]) => `${number(n)} ${status}`);
  const units = stock.reduce((sum, { available, reserved, committed }) => sum + available + reserved + committed, 0);
  const waiting = outboxes.reduce((sum, outbox) => sum + outbox.waiting, 0);
  const messages = queues.reduce((sum, { ready, unacknowledged }) => sum + ready + unacknowledged, 0);
  const parked = parkedIn(queues);
  return {
    1: [plural(tally.orders, 'order'), ...(statuses.length > 0 ? [statuses.join(', ')] : [])].join(`:\n${INDENT}`),
    2: `${plural(stock.length, 'product')}, ${plural(units, 'unit')}, every one accounted for`,
    3: `${plural(tally.charges, 'charge')}, ${plural(tally.refunds, 'refund')}, the books balance`,
    4: `${plural(tally.orders, 'order agrees', 'orders agree')} with reservation and payment`,
    5: `${plural(tally.notifications, 'notification')}, one for each order and kind`,
    6: `${waiting === 0 ? 'outboxes empty' : plural(waiting, 'event') + ' unpublished'}, ${
      messages === parked ? 'queues empty' : plural(messages - parked, 'message') + ' in queues'
    }, ${parked === 0 ? 'nothing parked' : `${number(parked)} parked${parked === poison ? ' on purpose' : ''}`}`,
    7: keys === 0 ? 'no key used yet' : `${plural(keys, 'key')}, one order each`,
  };
}

const who = ({ orderId, productId }: Breach) => orderId ?? productId;

function offenders(breaches: readonly Breach[]): string[] {
  const lines = breaches.slice(0, NAMED_MAX).map((breach) => {
    const name = who(breach);
    return `        ${name === undefined ? '' : `${name}  `}${breach.detail}`;
  });
  return breaches.length > NAMED_MAX ? [...lines, `        and ${number(breaches.length - NAMED_MAX)} more`] : lines;
}

/** Whether every invariant holds. */
export const holds = ({ breaches, more }: Verdict): boolean => breaches.length === 0 && !more;

/** One line for each invariant, the offenders under it, and the verdict. */
export function report(verdict: Verdict): string[] {
  const counted = counts(verdict);
  const lines = numbers.flatMap((invariant) => {
    const broken = verdict.breaches.filter((breach) => breach.invariant === invariant);
    const moving = verdict.moving.filter((breach) => breach.invariant === invariant).length;
    const { name: shortName, promise } = invariants[invariant];
    const name = `${String(invariant)} ${shortName.padEnd(NAME_WIDTH)}`;
    if (broken.length > 0)
      return [`  ✗ ${name}  ${plural(broken.length, 'offender')} against: ${promise}`, ...offenders(broken)];
    return [`  ✓ ${name}  ${counted[invariant]}${moving > 0 ? ` (${plural(moving, 'thing')} still on the move)` : ''}`];
  });
  const seconds = (verdict.tookMs / MS_PER_S).toFixed(1);
  const brokenCount = new Set(verdict.breaches.map(({ invariant }) => invariant)).size;
  const end = holds(verdict)
    ? `All seven invariants hold (${seconds} s).`
    : `${plural(brokenCount, 'invariant')} broken${verdict.more ? ', by more orders than were kept' : ''} (${seconds} s).`;
  return [...lines, '', `  ${end}`];
}
