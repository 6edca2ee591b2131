/** Counting the attempts at redelivered messages, on the real database. */
import { pino } from 'pino';
import { inTransaction } from '../src/database/transaction';
import { openPool, type Pool } from '../src/database/pool';
import { openDeathCount } from '../src/processing/death-count';
import { createSemaphore } from '../src/timing/semaphore';
import { createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let pool: Pool;

beforeEach(async () => {
  fixture = await createFixture();
  pool = openPool(fixture.database.url, 4, 'test', () => undefined);
});
afterEach(async () => {
  await pool.end();
  await fixture.close();
});

const counts = async () => {
  const { rows } = await pool.query<{ message_id: string; attempts: number }>(
    'SELECT message_id, attempts FROM delivery_attempt',
  );
  return Object.fromEntries(rows.map(({ message_id, attempts }) => [message_id, attempts]));
};

const begin = () => {
  const options = { pool, log: pino({ level: 'silent' }), takeTurn: createSemaphore(1) };
  return { count: (id: string) => openDeathCount(options, id) };
};

test('of a whole process one message is counted at a time: the next one when that is over', async () => {
  const { count } = begin();
  const [one, other] = [await count('one'), await count('other')];
  await one.hooks.beforeDecide();
  const begun: string[] = [];
  const waiting = other.hooks.beforeDecide().then(() => begun.push('other'));
  expect(await counts()).toEqual({ one: 1 });
  expect(begun).toEqual([]);
  await one.hooks.afterwards(false);
  await waiting;
  expect(await counts()).toEqual({ other: 1 });
  await inTransaction(
    pool,
    () => Promise.resolve(),
    (tx) => other.hooks.lastWrites(tx),
  );
  await other.hooks.afterwards(true);
  expect(await counts()).toEqual({});
});

/** Makes the last death older. */
const later = (seconds: number) =>
  pool.query('UPDATE delivery_attempt SET updated_at = updated_at - make_interval(secs => $1)', [seconds]);

test('a death leaves its count: the next process reads it', async () => {
  for (const deaths of [0, 1, 2]) {
    const run = await begin().count('deadly');
    expect(run.deaths).toBe(deaths);
    await run.hooks.beforeDecide();
    await later(2);
  }
  expect(await counts()).toEqual({ deadly: 3 });
  const failed = await begin().count('deadly');
  await failed.hooks.beforeDecide();
  await failed.hooks.afterwards(false);
  expect(await counts()).toEqual({ deadly: 3 });
});

test('deaths within a second count as one', async () => {
  for (let death = 0; death < 5; death++) await (await begin().count('innocent')).hooks.beforeDecide();
  expect(await counts()).toEqual({ innocent: 1 });
  const survivor = await begin().count('innocent');
  await survivor.hooks.beforeDecide();
  await survivor.hooks.afterwards(false);
  expect(await counts()).toEqual({ innocent: 1 });
  await inTransaction(
    pool,
    () => Promise.resolve(),
    (tx) => survivor.hooks.lastWrites(tx),
  );
  expect(await counts()).toEqual({});
});

test('a run that never came to its decision is not counted, and takes no turn', async () => {
  const { count } = begin();
  const waiting = await count('waiting');
  await waiting.hooks.afterwards(false);
  expect(await counts()).toEqual({});
  const next = await count('next');
  await next.hooks.beforeDecide();
  expect(await counts()).toEqual({ next: 1 });
});
