import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { connectManagement, type Management } from '../broker/management';
import { withClient } from '../migrate/database';
import { testDataFolder } from '../root';
import { findManagement, ownServers } from '../servers/own-servers';
import { startPrivateServers } from '../servers/private-servers';
import { escapeIdentifier } from 'pg';

const file = join(testDataFolder, 'servers.json');

const Servers = z.object({
  /** Administrator's URL of the test PostgreSQL. */
  databaseUrl: z.string(),
  /** Whether services get roles of their own; not on a server of the user's own, which may not allow it. */
  roles: z.boolean(),
  /** Administrator's URL of the test RabbitMQ; tests work in virtual hosts of their own. */
  amqpUrl: z.string(),
  management: z.object({ url: z.string(), user: z.string(), password: z.string() }),
});

/** The servers a test run uses; the administrator's credentials included. */
export type TestServers = z.infer<typeof Servers>;

/**
 * Starts the private servers of the tests, or takes those that DATABASE_URL and RABBITMQ_URL name, for jest's globalSetup. What a killed
 * run has left in them is removed. Answers the function that stops them, for globalTeardown.
 */
export async function startTestServers(): Promise<() => Promise<void>> {
  const own = ownServers();
  const started = await startPrivateServers({
    folder: testDataFolder,
    purpose: 'tests',
    postgres: own.databaseUrl === undefined,
    broker: own.amqpUrl === undefined,
    ports: {},
  });
  const stop = async (): Promise<void> => {
    await Promise.all([started.postgres?.stop(), started.broker?.stop()]);
    started.release();
  };
  try {
    const amqpUrl = started.broker?.url ?? own.amqpUrl ?? '';
    const management = await findManagement(amqpUrl, started.broker?.managementUrl ?? own.managementUrl);
    if (!management) {
      throw new Error('Tests need an administrator and the management API of the broker: set RABBITMQ_MANAGEMENT_URL.');
    }
    const databaseUrl = started.postgres?.url ?? own.databaseUrl ?? '';
    await removeOldDatabases(databaseUrl);
    const servers: TestServers = {
      databaseUrl,
      roles: started.postgres !== undefined,
      amqpUrl,
      management: management.access,
    };
    writeFileSync(file, JSON.stringify(servers, null, 2), { mode: 0o600 });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** The servers that `startTestServers` has started, in any process of the test run. */
export function testServers(): TestServers {
  return Servers.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Client of the test broker's management API. */
export function testManagement(): Management {
  return connectManagement(testServers().management);
}

async function removeOldDatabases(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname ~ '^quadrille_(test|template)_'`,
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE ${escapeIdentifier(datname)} WITH (FORCE)`);
  });
}
