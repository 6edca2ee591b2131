/** The writes of a batch travel together with its COMMIT: they happen all, or none. */
import { createTestDatabase, type TestDatabase } from '@quadrille/tools/src/testing/database';
import type { Pool, PoolClient } from 'pg';
import { inTransaction, openPool } from '../src/database';

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
