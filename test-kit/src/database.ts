import { createHash, randomBytes } from 'node:crypto';
import { escapeIdentifier, type Client } from 'pg';
import { applyMigrations } from '@quadrille/operator/src/migrate/apply';
import {
  ensureDatabase,
  ensureRole,
  withClient,
  withCredentials,
  withDatabase,
} from '@quadrille/operator/src/migrate/database';
import { readMigrations, type Migration } from '@quadrille/operator/src/migrate/migrations';
import { testServers } from './servers';

/** A database of one test. */
export interface TestDatabase {
  /** With the credentials of the service's own role, which owns it. */
  url: string;
  /** Removes it, ending sessions that are still open. */
  drop(): Promise<void>;
}

/**
 * Creates a migrated database of a service (for example `order-service`) from a template that the first caller of a
 * test run migrates; a copy takes about 30 ms. Safe from several workers at once.
 */
export async function createTestDatabase(service: string): Promise<TestDatabase> {
  const { databaseUrl, roles } = testServers();
  const password = decodeURIComponent(new URL(databaseUrl).password);
  const serviceUrl = roles ? withCredentials(databaseUrl, service, password) : databaseUrl;
  const name = `quadrille_test_${service}_${randomBytes(4).toString('hex')}`;
  await withClient(databaseUrl, async (client) => {
    const template = await ensureTemplate(client, service, serviceUrl, roles ? password : undefined);
    const owner = roles ? ` OWNER ${escapeIdentifier(service)}` : '';
    await client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)}${owner}`);
  });
  const drop = (): Promise<void> =>
    withClient(databaseUrl, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
    });
  return { url: withDatabase(serviceUrl, name), drop };
}

// Created under another name and renamed when complete, so that an unfinished template is never copied.
async function ensureTemplate(
  client: Client,
  service: string,
  serviceUrl: string,
  rolePassword: string | undefined,
): Promise<string> {
  const migrations = readMigrations(service);
  const template = `quadrille_template_${service}_${fingerprint(migrations)}`;
  await client.query('SELECT pg_advisory_lock(hashtext($1))', [template]);
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount) return template;
    if (rolePassword !== undefined) await ensureRole(client, service, rolePassword);
    const draft = `${template}_new`;
    await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(draft)} WITH (FORCE)`);
    await ensureDatabase(client, draft, rolePassword === undefined ? undefined : service);
    await applyMigrations(withDatabase(serviceUrl, draft), migrations);
    await client.query(`ALTER DATABASE ${escapeIdentifier(draft)} RENAME TO ${escapeIdentifier(template)}`);
    return template;
  } finally {
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [template]);
  }
}

function fingerprint(migrations: readonly Migration[]): string {
  const all = migrations.map((migration) => migration.checksum).join();
  return createHash('sha256').update(all).digest('hex').slice(0, 8);
}
