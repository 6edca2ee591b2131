/**
 * Migrations without Prisma's own tool, whose engine is a binary that no package registry has. The files of
 * `prisma/<service>/migrations` (migrations.ts) are applied in one transaction each, with Prisma's bookkeeping, so that
 * both tools can be used on a database. database.ts creates the roles and databases.
 */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { reasonOf } from '@quadrille/service-chassis';
import type { Migration } from './migrations';

/** The key of the advisory lock that `prisma migrate` takes, so that the two wait for each other. */
const PRISMA_LOCK = 72707369;
/** A migration that holds the lock for longer than this, in milliseconds, hangs. */
const LOCK_TIMEOUT_MS = 60_000;

/** Prisma's own table of applied migrations, as `prisma migrate deploy` creates it. */
const CREATE_BOOKKEEPING = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

interface Applied {
  migration_name: string;
  checksum: string;
  finished: boolean;
}

/**
 * Brings a database to the newest migration and returns the names of the migrations it applied. Each migration commits
 * together with its bookkeeping, so one that fails or is interrupted leaves nothing behind. Refuses, naming the remedy,
 * a database whose history differs from the files: an edited migration, one that another tool left unfinished, or one
 * that this copy does not know.
 */
export async function applyMigrations(url: string, migrations: readonly Migration[]): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'quadrille-migrate' });
  client.on('error', () => undefined); // the running query fails as well
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    await client.query('SET client_min_messages = warning');
    await client.query(CREATE_BOOKKEEPING);
    const { rows } = await client.query<Applied>(
      `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
         FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
    );
    refuseOtherHistory(rows, migrations, client.database ?? url);
    const done = new Set(rows.map((row) => row.migration_name));
    const pending = migrations.filter((migration) => !done.has(migration.name));
    for (const migration of pending) await applyOne(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.end(); // ends the session, which releases the lock
  }
}

async function applyOne(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const reason = reasonOf(error);
    throw new Error(`Migration ${migration.name} fails and was undone: ${reason}`, { cause: error });
  }
}

function refuseOtherHistory(applied: readonly Applied[], migrations: readonly Migration[], database: string): void {
  for (const { migration_name: name, checksum, finished } of applied) {
    const known = migrations.find((migration) => migration.name === name);
    if (!finished) {
      throw new Error(
        `Migration ${name} of database ${database} was begun and never finished. Put right by hand what it left, then ` +
          `DELETE FROM _prisma_migrations WHERE migration_name = '${name}' AND finished_at IS NULL (or prisma migrate resolve).`,
      );
    }
    if (!known) {
      throw new Error(
        `Database ${database} has the migration ${name}, which this copy does not know: update the copy, or use another database.`,
      );
    }
    if (known.checksum !== checksum) {
      throw new Error(
        `Migration ${name} was edited after it was applied to database ${database}: restore the file, and put the change into a new migration.`,
      );
    }
  }
}
