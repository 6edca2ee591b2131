/**
 * What the chassis asks of a database: the outbox, the counts of redeliveries, and a COMMIT whose answer is lost.
 * Asked of PostgreSQL and of the simulation's database; both must do the same.
 */
import { randomUUID } from 'node:crypto';
import { inTransaction, isTransient, type Pool, type PoolClient } from '@quadrille/service-chassis';
import { DELETE, LEASE, POSTPONE, WRITE } from '@quadrille/service-chassis/src/processing/outbox-statements';
import { PURGE } from '@quadrille/service-chassis/src/processing/purge';
import { FORGET_RUNS, RUNS, SET_RUNS } from '@quadrille/service-chassis/src/processing/death-count';
import { eventually } from '@quadrille/test-kit';
import { databasePerTest, databasesUnderTest, type DatabaseUnderTest } from './databases';

/** Rows are left to their writer for so long, in seconds: at once due, or not within any test. */
const DUE = 0;
const NOT_DUE = 3_600;

/** Ids in the order of their making, as those of the outbox are. */
const idsOf = (count: number) => Array.from({ length: count }, () => randomUUID()).sort();

type Asked = Pick<Pool | PoolClient, 'query'>;

const write = (tx: Asked, ids: readonly string[], dueAfterS = DUE, done: readonly string[] = []) =>
  tx.query({
    ...WRITE,
    values: [
      done,
      ids,
      ids.map(() => 'order.events'),
      ids.map(() => 'OrderCreated'),
      ids.map((id) => `order of ${id}`),
      ids.map(() => null),
      ids.map((id) => `body of ${id}`),
      dueAfterS,
    ],
  });

/** What a relay gets. */
const lease = async (tx: Asked) =>
  [...(await tx.query<{ readonly id: string }>(LEASE)).rows].sort((a, b) => (a.id < b.id ? -1 : 1));
const leasedIds = async (tx: Asked) => (await lease(tx)).map(({ id }) => id);

const remove = async (tx: Asked, ids: readonly string[]) => (await tx.query({ ...DELETE, values: [ids] })).rowCount;
const postpone = async (tx: Asked, ids: readonly string[]) => (await tx.query({ ...POSTPONE, values: [ids] })).rowCount;

const countOf = async (tx: Asked, id: string) =>
  (await tx.query<{ readonly attempts: number; readonly recent: boolean }>({ ...RUNS, values: [id] })).rows[0];
const runsOf = async (tx: Asked, id: string) => (await countOf(tx, id))?.attempts;
const setRuns = (tx: Asked, id: string, runs: number) => tx.query({ ...SET_RUNS, values: [id, runs] });

/** Begins a transaction that the test ends. */
const begun = async (pool: Pool) => {
  const tx = await pool.connect();
  await tx.query('BEGIN');
  const end = async (how: 'COMMIT' | 'ROLLBACK') => {
    await tx.query(how);
    tx.release();
  };
  return { tx, end };
};

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);
  let pool: Pool;
  beforeEach(async () => {
    ({ pool } = await open('order'));
  });

  it('a relay gets the rows that are due, as they were written, and they are its own from then on', async () => {
    const [first = '', second = '', later = ''] = idsOf(3);
    await write(pool, [second, first]);
    await write(pool, [later], NOT_DUE);
    expect(await lease(pool)).toEqual(
      [first, second].map((id) => ({
        id,
        exchange: 'order.events',
        routingKey: 'OrderCreated',
        orderId: `order of ${id}`,
        traceparent: null,
        body: `body of ${id}`,
      })),
    );
    expect(await lease(pool)).toEqual([]);
  });

  it('a row is there when its transaction is committed, and what was published is gone with it', async () => {
    const [published = '', next = '', never = ''] = idsOf(3);
    await write(pool, [published]);
    const rolledBack = await begun(pool);
    await write(rolledBack.tx, [never], DUE, [published]);
    await rolledBack.end('ROLLBACK');
    expect(await leasedIds(pool)).toEqual([published]);
    const committed = await begun(pool);
    await write(committed.tx, [next], DUE, [published]);
    await committed.end('COMMIT');
    expect(await leasedIds(pool)).toEqual([next]);
  });

  it('two relays get no row twice: what one is about to take, the other one passes over without waiting', async () => {
    const ids = idsOf(501);
    await write(pool, ids);
    const [one, other] = [await begun(pool), await begun(pool)];
    const first = await leasedIds(one.tx);
    expect(first).toEqual(ids.slice(0, 500));
    expect(await leasedIds(other.tx)).toEqual(ids.slice(500));
    await other.end('ROLLBACK');
    await one.end('COMMIT');
    expect(await leasedIds(pool)).toEqual(ids.slice(500));
  });

  it('a row under a lease is deleted when that lease is decided, not before', async () => {
    const [id = ''] = idsOf(1);
    await write(pool, [id]);
    const relay = await begun(pool);
    expect(await leasedIds(relay.tx)).toEqual([id]);
    const said: string[] = [];
    const deleting = remove(pool, [id]).then((count) => said.push(`deleted ${String(count)}`));
    // Another row is not kept waiting.
    expect(await remove(pool, idsOf(1))).toBe(0);
    said.push('commits');
    await relay.end('COMMIT');
    await deleting;
    expect(said).toEqual(['commits', 'deleted 1']);
    expect(await remove(pool, [id])).toBe(0);
  });
});

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);
  let database: DatabaseUnderTest;
  let pool: Pool;
  beforeEach(async () => {
    database = await open('order');
    pool = database.pool;
  });

  it('a row that could not be published comes again after a pause, and nobody minds one that is gone', async () => {
    const [id = ''] = idsOf(1);
    await write(pool, [id]);
    // Attempts count from the leases: none yet is the shortest pause, a second.
    expect(await postpone(pool, [id, ...idsOf(1)])).toBe(1);
    const sinceMs = performance.now();
    expect(await leasedIds(pool)).toEqual([]);
    await eventually(async () => {
      expect(await leasedIds(pool)).toEqual([id]);
    });
    expect(performance.now() - sinceMs).toBeGreaterThan(900);
    // After a lease it is two.
    expect(await postpone(pool, [id])).toBe(1);
    const againMs = performance.now();
    await eventually(async () => {
      expect(await leasedIds(pool)).toEqual([id]);
    });
    expect(performance.now() - againMs).toBeGreaterThan(1_900);
  });

  it.each([
    ['before', undefined, 0],
    ['after', 1, 1],
  ] as const)(
    'a COMMIT lost %s it happened is an error that says nothing, and only a look tells',
    async (when, runs, rows) => {
      const [id = ''] = idsOf(1);
      const committing = inTransaction(database.far, async (tx) => {
        await write(tx, [id]);
        await setRuns(tx, 'm', 1);
        database.loseCommit(when, async () => (await leasedIds(pool)).includes(id));
      });
      const error: unknown = await committing.catch((thrown: unknown) => thrown);
      expect(isTransient(error)).toBe(true);
      // Tried again, on a connection of its own: whether the first time counts is what the transaction left behind.
      expect(await eventually(() => inTransaction(database.far, (tx) => runsOf(tx, 'm')))).toBe(runs);
      expect(await remove(pool, [id])).toBe(rows);
    },
  );
});

describe.each(Object.keys(databasesUnderTest))('in %s', (name) => {
  const open = databasePerTest(name);
  let pool: Pool;
  beforeEach(async () => {
    ({ pool } = await open('order'));
  });

  it('runs of a redelivered message are counted, as often as it is said, and forgotten', async () => {
    expect(await runsOf(pool, 'm')).toBeUndefined();
    for (const runs of [1, 1, 2, 2, 1]) {
      expect((await setRuns(pool, 'm', runs)).rowCount).toBe(1);
      expect(await runsOf(pool, 'm')).toBe(runs);
    }
    expect(await runsOf(pool, 'other')).toBeUndefined();
    expect((await pool.query({ ...FORGET_RUNS, values: ['m'] })).rowCount).toBe(1);
    expect((await pool.query({ ...FORGET_RUNS, values: ['m'] })).rowCount).toBe(0);
    expect(await runsOf(pool, 'm')).toBeUndefined();
  });

  it('a count is recent for a second', async () => {
    await setRuns(pool, 'm', 1);
    const sinceMs = performance.now();
    expect(await countOf(pool, 'm')).toEqual({ attempts: 1, recent: true });
    await eventually(async () => {
      expect(await countOf(pool, 'm')).toEqual({ attempts: 1, recent: false });
    });
    expect(performance.now() - sinceMs).toBeGreaterThan(900);
  });

  it('who counts a message that another one counts just now waits for him, also when there is no row yet', async () => {
    const one = await begun(pool);
    await setRuns(one.tx, 'm', 1);
    const said: string[] = [];
    const counting = setRuns(pool, 'm', 2).then(() => said.push('counted'));
    await setRuns(pool, 'other', 1);
    said.push('commits');
    await one.end('COMMIT');
    await counting;
    expect(said).toEqual(['commits', 'counted']);
    expect(await runsOf(pool, 'm')).toBe(2);
  });

  it('a young count is not purged', async () => {
    await setRuns(pool, 'm', 1);
    expect((await pool.query(PURGE)).rowCount).toBe(0);
    expect(await runsOf(pool, 'm')).toBe(1);
  });
});
