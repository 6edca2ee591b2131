/** The writes of a batch are sent together with its COMMIT: all of them happen, or none. */
import { createTestDatabase, type TestDatabase } from '@quadrille/test-kit';
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../src/database/transaction';
import { isTransient } from '../src/database/transient';
import { openPool } from '../src/database/pool';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase('order-service');
  pool = openPool(database.url, 5, 'test', () => undefined);
  await pool.query('CREATE TABLE written (id int PRIMARY KEY)');
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const write = (tx: PoolClient, id: number) => tx.query('INSERT INTO written (id) VALUES ($1)', [id]);
const written = async () =>
  (await pool.query<{ id: number }>('SELECT id FROM written ORDER BY id')).rows.map(({ id }) => id);

beforeEach(() => pool.query('TRUNCATE written'));

it('commits what it read about and its last writes', async () => {
  await inTransaction(
    pool,
    (tx) => write(tx, 1),
    (tx) => [write(tx, 2), write(tx, 3)],
  );
  expect(await written()).toEqual([1, 2, 3]);
});

it.each([0, 1, 2])('last write %i fails: its own error is thrown, and none of the others happened', async (failing) => {
  const ids = [2, 3, 4].map((id, index) => (index === failing ? 1 : id));
  const failed = inTransaction(
    pool,
    (tx) => write(tx, 1),
    (tx) => ids.map((id) => write(tx, id)),
  );
  await expect(failed).rejects.toThrow('duplicate key value');
  expect(await written()).toEqual([]);
});

it('the work fails: nothing happened, and the connection is as good as before', async () => {
  const failed = inTransaction(pool, async (tx) => {
    await write(tx, 1);
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  await inTransaction(pool, (tx) => write(tx, 5));
  expect(await written()).toEqual([5]);
});

it.each(['ALTER TABLE written ALTER note TYPE varchar(20)', 'DISCARD ALL'])(
  'what was prepared is of no use after %s: that passes, on another connection',
  async (change) => {
    await pool.query('ALTER TABLE written DROP COLUMN IF EXISTS note, ADD COLUMN note text');
    const notes = () => inTransaction(pool, (tx) => tx.query({ name: change, text: 'SELECT note FROM written' }));
    await notes();
    await pool.query(change);
    const failed: unknown = await notes().catch((error: unknown) => error);
    expect(isTransient(failed)).toBe(true);
    expect((await notes()).rows).toEqual([]);
  },
);
