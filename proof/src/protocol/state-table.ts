/** Rows of decisions as a table in Markdown. */
import { markdownTable } from '../markdown-table';
import { inWords } from './event-table';
import type { Row } from './rows';

const MS_PER_S = 1_000;

/** What the outcome of a decision begins with that changes nothing. */
const UNCHANGED = /^unchanged: /;

const code = (text: string) => `\`${text}\``;

function nextOf({ kind, next, gains }: Row): string {
  if (kind === 'repeats' || kind === 'nothing') return 'unchanged';
  return [next, ...gains].join(', ');
}

const remindersOf = ({ reminders }: Row): string =>
  reminders
    .map(({ type, delaysMs }) => `${type} after ${inWords(delaysMs.map((ms) => String(ms / MS_PER_S)))} s`)
    .join(', ');

/** What the logs say. Why nothing changed is said for several messages at once. */
const outcomesOf = ({ kind, outcomes }: Row): string =>
  kind === 'nothing'
    ? `unchanged: ${outcomes.map((outcome) => code(outcome.replace(UNCHANGED, ''))).join(', ')}`
    : outcomes.map(code).join(', ');

/** A column: its heading, and what a row has in it. */
type Column = readonly [string, (row: Row) => string];

const columns: readonly Column[] = [
  ['State', ({ state }) => state],
  ['Hears or receives', ({ messages }) => (messages.length === 0 ? 'any other' : messages.join(', '))],
  ['When', ({ condition }) => condition],
  ['Next', nextOf],
  ['Publishes', ({ publishes }) => publishes.join(', ')],
  ['Performs', ({ performs }) => performs.join(', ')],
  ['Is reminded of', remindersOf],
  ['Outcome', outcomesOf],
];

/** The table; columns in which no row has anything are left out, and so are those in `without`. */
export function stateTable(rows: readonly Row[], without: readonly string[] = []): string {
  const filled = columns.filter(
    ([heading, textOf]) => !without.includes(heading) && rows.some((row) => textOf(row) !== ''),
  );
  return markdownTable(
    filled.map(([heading]) => heading),
    rows.map((row) => filled.map(([, textOf]) => textOf(row))),
  );
}
