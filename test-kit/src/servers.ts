import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { connectManagement, type Management } from '@quadrille/operator/src/topology/management';
import { withClient } from '@quadrille/operator/src/migrate/database';
import { testDataFolder } from '@quadrille/operator/src/root';
import { findManagement, ownServers } from '@quadrille/operator/src/servers/own-servers';
import { startPrivateServers } from '@quadrille/operator/src/servers/private-servers';
import { escapeIdentifier } from 'pg';
import type { ServerContainers } from './containers';

const file = join(testDataFolder, 'servers.json');

const Servers = z.object({
  /** Administrator's URL of the test PostgreSQL. */
  databaseUrl: z.string(),
  /** Whether services have roles of their own: not on a server of the user's own, which may not allow it. */
  roles: z.boolean(),
  /** Administrator's URL of the test RabbitMQ, where each test has a virtual host of its own. */
  amqpUrl: z.string(),
  management: z.object({ url: z.string(), user: z.string(), password: z.string() }),
});

/** The servers a test run uses; the administrator's credentials included. */
export type TestServers = z.infer<typeof Servers>;

const Choice = z.enum(['local', 'container', 'auto']);

/**
 * Starts the servers of a test run, for jest's globalSetup, and prints which they are: private ones of this machine, or
 * those that DATABASE_URL and RABBITMQ_URL name, or containers with E2E_BROKER=container or (where there is an engine)
 * E2E_BROKER=auto. Removes what a killed run has left in them. Resolves with the function that stops them, for
 * globalTeardown.
 */
export async function startTestServers(): Promise<() => Promise<void>> {
  const containers = await startContainers();
  const own = containers ?? ownServers();
  const started = await startPrivateServers({
    folder: testDataFolder,
    purpose: 'tests',
    postgres: own.databaseUrl === undefined,
    broker: own.amqpUrl === undefined,
    ports: {},
  });
  const stop = async (): Promise<void> => {
    await Promise.all([started.postgres?.stop(), started.broker?.stop(), containers?.stop()]);
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
      roles: started.postgres !== undefined || containers !== undefined,
      amqpUrl,
      management: management.access,
    };
    writeFileSync(file, JSON.stringify(servers, null, 2), { mode: 0o600 });
    const place = (mine: unknown): string => (containers ? 'in a container' : mine ? 'of this machine' : 'of yours');
    const postgres = `PostgreSQL ${await postgresVersion(databaseUrl)} (${place(started.postgres)})`;
    const rabbitmq = `RabbitMQ ${await rabbitmqVersion(management)} (${place(started.broker)})`;
    process.stderr.write(`Tests run on ${postgres} and ${rabbitmq}.\n`);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function startContainers(): Promise<ServerContainers | undefined> {
  const { data: choice } = Choice.safeParse(process.env['E2E_BROKER'] ?? 'local');
  if (!choice) {
    throw new Error(
      'E2E_BROKER must be container (the images of docker compose), local (servers of this machine) or auto.',
    );
  }
  if (choice === 'local') return undefined;
  // Loaded only when needed: a library of some megabytes.
  const { engineAnswers, startServerContainers } = await import('./containers');
  if (choice === 'auto' && !(await engineAnswers())) return undefined;
  return startServerContainers();
}

async function postgresVersion(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'of unknown version';
  });
}

const Overview = z.object({ rabbitmq_version: z.string() });

async function rabbitmqVersion(management: Management): Promise<string> {
  return Overview.parse(await management.request('GET', 'overview?columns=rabbitmq_version')).rabbitmq_version;
}

/** Returns the servers that `startTestServers` has started, in any process of the test run. */
export function testServers(): TestServers {
  return Servers.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Creates a client of the test broker's management API. */
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
