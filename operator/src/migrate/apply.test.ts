import { randomBytes } from 'node:crypto';
import { testServers } from '@quadrille/test-kit';
import { applyMigrations } from './apply';
import { ensureDatabase, withClient, withDatabase } from './database';
import type { Migration } from './migrations';

const one: Migration = { name: '20260101000000_one', sql: 'CREATE TABLE a (id int);', checksum: 'c1' };
const two: Migration = { name: '20260102000000_two', sql: 'ALTER TABLE a ADD COLUMN b text;', checksum: 'c2' };

describe('applyMigrations', () => {
  const name = `quadrille_test_migrate_${randomBytes(4).toString('hex')}`;
  let url: string;

  const query = (sql: string) =>
    withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);

  beforeEach(async () => {
    const { databaseUrl } = testServers();
    url = withDatabase(databaseUrl, name);
    await withClient(databaseUrl, (client) => ensureDatabase(client, name));
  });

  afterEach(async () => {
    await withClient(testServers().databaseUrl, (client) => client.query(`DROP DATABASE "${name}" WITH (FORCE)`));
  });

  test('applies what is missing, in order, once, and keeps the books as Prisma does', async () => {
    expect(await applyMigrations(url, [one])).toEqual([one.name]);
    expect(await applyMigrations(url, [one, two])).toEqual([two.name]);
    expect(await applyMigrations(url, [one, two])).toEqual([]);
    const rows = await query('SELECT * FROM _prisma_migrations ORDER BY migration_name');
    expect(rows).toEqual(
      [one, two].map(({ name: migration_name, checksum }) => ({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
        checksum,
        migration_name,
        logs: null,
        rolled_back_at: null,
        started_at: expect.any(Date) as unknown,
        finished_at: expect.any(Date) as unknown,
        applied_steps_count: 1,
      })),
    );
  });

  test('two at once apply each migration once', async () => {
    const applied = await Promise.all([applyMigrations(url, [one, two]), applyMigrations(url, [one, two])]);
    expect(applied.flat().sort()).toEqual([one.name, two.name]);
  });

  test('a migration that fails leaves nothing behind and is named', async () => {
    const bad = { ...two, sql: 'CREATE TABLE z (id int); SELECT nothing_like_this' };
    await expect(applyMigrations(url, [one, bad])).rejects.toThrow(/20260102000000_two fails and was undone/);
    expect(await query("SELECT to_regclass('z') AS z, (SELECT count(*)::int FROM _prisma_migrations) AS n")).toEqual([
      { z: null, n: 1 },
    ]);
    expect(await applyMigrations(url, [one, two])).toEqual([two.name]);
  });

  test('refuses an edited migration', async () => {
    await applyMigrations(url, [one]);
    await expect(applyMigrations(url, [{ ...one, checksum: 'other' }])).rejects.toThrow(/edited.*restore the file/);
  });

  test('refuses a database that is ahead', async () => {
    await applyMigrations(url, [one, two]);
    await expect(applyMigrations(url, [one])).rejects.toThrow(/does not know: update the copy/);
  });

  test('refuses what another tool left half done, but not what it rolled back', async () => {
    await applyMigrations(url, []);
    await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'c1', '${one.name}')`);
    await expect(applyMigrations(url, [one])).rejects.toThrow(/never finished.*prisma migrate resolve/s);
    await query('UPDATE _prisma_migrations SET rolled_back_at = now()');
    expect(await applyMigrations(url, [one])).toEqual([one.name]);
  });
});
