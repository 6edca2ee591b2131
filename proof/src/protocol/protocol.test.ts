/** What docs/protocol.md is made of: that it says what the tables say, and something else when they change. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { z } from 'zod';
import { eventOf } from '../model/saga';
import type { Asked, Facts } from './asked';
import { conditionOf } from './condition';
import { containers } from './containers';
import { protocolDocument } from './document';
import { staleAmong, withMadePart } from './documents';
import { fieldsOf } from './event-table';
import { exploreReachable } from './reachable';
import { rowsOf } from './rows';
import { stateTable } from './state-table';
import { askTables, ownTables } from './tables';

const template = readFileSync(join(rootFolder, 'proof', 'src', 'protocol', 'protocol.template.md'), 'utf8');
const reachable = exploreReachable();
const document = protocolDocument(template, askTables(reachable));

/** The cells of every line of the document that has all of these in its cells. */
const linesWith = (text: string, ...cells: readonly string[]) =>
  text
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| |\|$/g, '').trim()))
    .filter((line) => cells.every((cell) => line.includes(cell)));

const asked = (changes: Partial<Asked>): Asked => ({
  state: 'OPEN',
  message: 'Close',
  facts: {},
  kind: 'changes',
  next: 'CLOSED',
  had: [],
  has: [],
  publishes: [],
  performs: [],
  reminders: [],
  outcome: 'closed',
  ...changes,
});

describe('a condition', () => {
  const facts = (stop: string, attempts: string): Facts => ({ stop, attempts });
  const all = [facts('stop', 'left'), facts('stop', 'none'), facts('go', 'left'), facts('go', 'none')] as const;

  it('is empty where nothing else can happen', () => {
    expect(conditionOf(all, [])).toBe('');
  });

  it('names only what makes the difference', () => {
    expect(conditionOf(all.slice(0, 2), all.slice(2))).toBe('stop');
  });

  it('names alternatives, and first what they have in common', () => {
    const [stopped, exhausted, neither, both] = [all[0], all[1], all[2], all[3]];
    expect(conditionOf([stopped, exhausted, both], [neither])).toBe('stop or none');
    const known = (each: Facts) => ({ ...each, known: 'known' });
    const unknown = (each: Facts) => ({ ...each, known: 'unknown' });
    expect(conditionOf([stopped, exhausted, both].map(known), [known(neither), ...all.map(unknown)])).toBe(
      'known, and stop or none',
    );
  });

  it('cannot be told when a fact that matters has no words', () => {
    expect(() => conditionOf([all[0]], [all[0]])).toThrow('the same facts lead to different decisions');
  });
});

describe('the rows of a state', () => {
  it('are one for messages that lead to the same, and for each consequence of a message one with its condition', () => {
    const rows = rowsOf(
      ['OPEN', 'CLOSED'],
      [
        asked({ message: 'Close' }),
        asked({ message: 'Slam' }),
        asked({ message: 'Knock', facts: { age: 'old' }, kind: 'repeats', next: 'OPEN', publishes: ['Opened'] }),
        asked({ message: 'Knock', facts: { age: 'young' }, kind: 'nothing', next: 'OPEN', outcome: 'unchanged: OPEN' }),
      ],
    );
    expect(stateTable(rows).split('\n').slice(2)).toEqual([
      '| OPEN  | Close, Slam       |      | CLOSED    |           | `closed`          |',
      '| OPEN  | Knock             | old  | unchanged | Opened    | `closed`          |',
      '| OPEN  | any other         |      | unchanged |           | unchanged: `OPEN` |',
    ]);
  });

  it('say what is remembered only where it is new, and name all delays of one timer', () => {
    const reminders = [1_000, 2_000].map((delayMs) => [{ type: 'Due', delayMs }]);
    const [row] = rowsOf(
      ['OPEN', 'CLOSED'],
      [
        asked({ has: ['locked', 'dark'], had: ['dark'], reminders: reminders[0] ?? [] }),
        asked({ has: ['locked', 'dark'], had: ['dark', 'locked'], reminders: reminders[1] ?? [] }),
      ],
    );
    expect(row).toMatchObject({ gains: ['locked'], reminders: [{ type: 'Due', delaysMs: [1_000, 2_000] }] });
  });

  it('must be of states that have words', () => {
    expect(() => rowsOf(['OPEN'], [asked({})])).toThrow('no words for a state: OPEN or CLOSED');
  });
});

test('the data of an event is told with its lists, its values, and what may be absent or null', () => {
  const schema = z.object({
    orderId: z.string(),
    items: z.array(z.object({ price: z.int().nullable() })),
    reason: z.enum(['A', 'B', 'C']).optional(),
  });
  expect(fieldsOf(z.toJSONSchema(schema), new Set(['orderId']))).toBe('items[price or null], reason?: A, B or C');
});

describe('docs/protocol.md', () => {
  it('tells the rows that the saga turns on', () => {
    expect(linesWith(document, 'PENDING', 'PaymentProcessed', 'CONFIRMED', 'OrderConfirmed')).toHaveLength(1);
    expect(linesWith(document, 'NONE', 'OrderCancelled', 'TOMBSTONE', 'InventoryReleased')).toHaveLength(1);
    expect(
      linesWith(
        document,
        'CHARGING',
        'ChargeAnswered: no answer',
        'a stop is wanted or no attempts are left',
        'Resolve',
      ),
    ).toHaveLength(1);
    expect(linesWith(document, 'OrderConfirmed', 'CONFIRMED', 'CANCELLED')).toHaveLength(1);
  });

  it('leaves out an event that cannot come', () => {
    const rows = askTables(reachable).order.filter(({ state }) => state === 'CONFIRMED');
    expect(rows.flatMap(({ messages }) => messages)).not.toContain('PaymentFailed');
    expect(rows.flatMap(({ messages }) => messages)).toContain('PaymentRefunded');
  });

  it('is another one when a decision is another one', () => {
    const { hears } = ownTables.inventory;
    const inventory: typeof ownTables.inventory = {
      ...ownTables.inventory,
      hears: { ...hears, PaymentFailed: (state) => hears.OrderConfirmed(state, eventOf('OrderConfirmed')) },
    };
    const changed = protocolDocument(template, askTables(reachable, { ...ownTables, inventory }));
    expect(linesWith(changed, 'RESERVED', 'OrderConfirmed, PaymentFailed', '`committed`')).toHaveLength(1);
    expect(linesWith(document, 'RESERVED', 'OrderConfirmed, PaymentFailed', '`committed`')).toHaveLength(0);
  });

  it('is another one when only an outcome has another name', () => {
    const { inputs } = ownTables.order;
    const order: typeof ownTables.order = {
      ...ownTables.order,
      inputs: { ...inputs, PlaceOrder: (state, input) => ({ ...inputs.PlaceOrder(state, input), outcome: 'taken' }) },
    };
    expect(protocolDocument(template, askTables(reachable, { ...ownTables, order }))).not.toBe(document);
  });

  it('is the same when it is made again, and formatted as the check wants it', () => {
    expect(protocolDocument(template, askTables(exploreReachable()))).toBe(document);
    const prettier = ['prettier', '--stdin-filepath', 'docs/protocol.md'];
    expect(execFileSync('npx', prettier, { cwd: rootFolder, input: document, encoding: 'utf8' })).toBe(document);
  });

  it('has a place for every part, and a part for every place', () => {
    expect(() => protocolDocument('<!-- events -->', askTables(reachable))).toThrow('has no place for: inputs');
    expect(() => protocolDocument('<!-- nonsense -->', askTables(reachable))).toThrow('nothing belongs into');
  });
});

test('a document is stale when it is not there, or one character differs', () => {
  const documents = ['same', 'edited', 'missing'].map((path) => ({ path, text: `the text of ${path}` }));
  const now = new Map([
    ['same', 'the text of same'],
    ['edited', 'the text of edited.'],
  ]);
  const stale = staleAmong(documents, (path) => now.get(path));
  expect(stale.map(({ path }) => path)).toEqual(['edited', 'missing']);
});

test('docs/architecture.md keeps what was written by hand around the part that is made', () => {
  const written = 'before\n<!-- made by npm run protocol -->\n\nold\n\n<!-- end -->\nafter\n';
  expect(withMadePart(written, 'new')).toBe(written.replace('old', 'new'));
  expect(() => withMadePart('before\nafter\n', 'new')).toThrow('has no place');
});

test('the picture of the containers has every exchange of events and every queue that is consumed', () => {
  const [picture = ''] = containers().split('```\n');
  for (const name of ['order.events', 'payment-service.low-priority', 'notification-service'])
    expect(picture).toContain(`"${name}"`);
  expect(picture).not.toContain('dead-letter');
});
