/** The command line of `npm run bench`. */
import { readCommandLine, wholeNumber } from '@quadrille/operator/src/command-line';
import { scenarios } from './scenarios';

const usage = `npm run bench -- [--only names] [--rounds n] [--orders n] [--json file] [--smoke] [--render file]
  --only    scenarios, separated by commas: ${scenarios.map(({ name }) => name).join(', ')}, ceilings (default: all of them)
  --rounds  how often each is run, one after the other, not each in a row (3)
  --orders  orders of the burst; the other scenarios scale with it (10000)
  --json    writes all figures to this file as well
  --smoke   a minute: burst and baseline once, held against the ratio on record
  --render  writes bench/RESULTS.md and the ratio on record from a file that --json wrote, and runs nothing

A run of everything, in three rounds and at full size, writes bench/RESULTS.md and the ratio on record.`;

/** Orders of the burst in the published results. */
const ORDERS = 10_000;
const ROUNDS = 3;

/** What to run. */
export interface Options {
  readonly only: ReadonlySet<string> | undefined;
  readonly rounds: number;
  readonly orders: number;
  readonly json: string | undefined;
  readonly smoke: boolean;
  readonly render: string | undefined;
  /** Whether the results are to be published: everything, in three rounds, at full size. */
  readonly record: boolean;
}

function names(text: string): ReadonlySet<string> {
  const known = ['ceilings', ...scenarios.map(({ name }) => name)];
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows no ${unknown.join(', ')}.\n${usage}`);
  return new Set(wanted);
}

/** Reads the command line. */
export function readOptions(): Options {
  const { values } = readCommandLine(usage, {
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: String(ROUNDS) },
      orders: { type: 'string', default: String(ORDERS) },
      json: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      render: { type: 'string' },
    },
  });
  const rounds = wholeNumber(usage, 'rounds', values.rounds, { least: 1, most: 100 });
  const orders = wholeNumber(usage, 'orders', values.orders, { least: 1, most: 1_000_000 });
  return {
    only: values.only === undefined ? undefined : names(values.only),
    rounds,
    orders,
    json: values.json,
    smoke: values.smoke,
    render: values.render,
    record: values.only === undefined && rounds >= ROUNDS && orders >= ORDERS,
  };
}
