/**
 * `npm start`: a whole system on one data folder. It starts private servers (unless the environment names the user's
 * own), migrates the databases, declares the topology, and runs the four services; servers and services that die are
 * started again. The other files of this folder are its steps (broker.ts, databases.ts, run-services.ts with
 * supervisor.ts, keep-running.ts), what it leaves for other commands (addresses.ts, log-files.ts), and what it prints
 * (progress.ts, summary.ts). explain-unreachable.ts is used by the commands that ask a running system.
 */
import { ownServers, unreachable, type OwnServers } from '../servers/own-servers';
import type { BrokerServer } from '../servers/broker';
import { endStarted } from '../servers/child';
import type { PostgresServer } from '../servers/postgres';
import { startPrivateServers, type PrivateServers } from '../servers/private-servers';
import { services, shortNames, type ShortName } from '../services';
import { removeAddresses, writeAddresses, type Addresses } from './addresses';
import { prepareBroker, type BrokerAccess } from './broker';
import { prepareDatabases, type Migrated } from './databases';
import { keepRunning } from './keep-running';
import { rotateLogs } from './log-files';
import type { Progress } from './progress';
import { runServices, type RunningServices } from './run-services';
import type { Supervised } from './supervisor';

/** The whole system while it starts, runs and stops. */
export interface RunningSystem {
  /** Resolves with the addresses when every service is ready. */
  started: Promise<Addresses>;
  /** One of its services; undefined before they are started. */
  service(name: ShortName): Supervised | undefined;
  /** Stops the services, then the servers. May be called during the start. */
  stop(): Promise<void>;
  /** Kills every process. The data survives, as after a crash. */
  kill(): Promise<void>;
}

// One entry for each short name; Object.fromEntries forgets the key type.
const usualPorts = Object.fromEntries(shortNames.map((name) => [name, services[name].port])) as Record<
  ShortName,
  number
>;

/** Starts the servers that are not the user's own, the databases, the topology and the services, on one data folder. */
export function startSystem(folder: string, progress: Progress): RunningSystem {
  let stopping = false;
  let servers: PrivateServers<ShortName> | undefined;
  let running: RunningServices | undefined;
  const cleanUp: (() => void)[] = [];

  async function start(): Promise<Addresses> {
    const own = ownServers();
    servers = await startServers(folder, own, progress);
    const { postgres, broker, passwordOf } = servers;
    const [databases, access] = await Promise.all([
      progress.step('databases', describeMigrations, () => usePostgres(postgres, own, passwordOf)),
      progress.step('topology', describeTopology, () => useBroker(broker, own, folder, passwordOf)),
    ]);
    if (stopping) throw new Error('stopped while starting');
    running = runServices(folder, servers.ports, databases.urls, access.urls, progress);
    const names = shortNames.map((name) => services[name].table.name);
    cleanUp.push(rotateLogs(folder, names));
    cleanUp.push(keepRunning(servers, () => stopping, progress));
    await progress.step('services', 'Services ready', () => running?.ready() ?? Promise.resolve());
    const addresses = addressesOf(running, databases, access);
    writeAddresses(folder, addresses);
    return addresses;
  }

  const started = start();
  return {
    started,
    service: (name) => running?.supervised[name],
    stop: async () => {
      stopping = true;
      for (const end of cleanUp) end();
      await running?.stop();
      if (servers) removeAddresses(folder); // without servers, the file is that of a system that already runs here
      await endStarted();
      servers?.release();
    },
    kill: async () => {
      stopping = true;
      running?.kill();
      await endStarted('SIGKILL');
    },
  };
}

function startServers(folder: string, own: OwnServers, progress: Progress): Promise<PrivateServers<ShortName>> {
  return progress.step('PostgreSQL and RabbitMQ', describeServers, () =>
    startPrivateServers({
      folder,
      purpose: 'system',
      postgres: !own.databaseUrl,
      broker: !own.amqpUrl,
      ports: usualPorts,
    }),
  );
}

async function usePostgres(
  server: PostgresServer | undefined,
  own: OwnServers,
  passwordOf: (name: string) => string,
): Promise<Migrated> {
  if (server) return prepareDatabases(server.url, passwordOf);
  const url = own.databaseUrl ?? '';
  return prepareDatabases(url).catch((error: unknown) => {
    throw unreachable('DATABASE_URL', url, error);
  });
}

async function useBroker(
  server: BrokerServer | undefined,
  own: OwnServers,
  folder: string,
  passwordOf: (name: string) => string,
): Promise<BrokerAccess> {
  return prepareBroker(server, own, folder, passwordOf).catch((error: unknown) => {
    throw server ? error : unreachable('RABBITMQ_URL', own.amqpUrl ?? '', error);
  });
}

function addressesOf(running: RunningServices, databases: Migrated, { adminUrl, management }: BrokerAccess): Addresses {
  return {
    ...running.urls,
    management: management?.access.url ?? null,
    credentials: management ? { user: management.access.user, password: management.access.password } : null,
    amqp: adminUrl,
    databases: databases.urls,
  };
}

function describeServers({ postgres, broker, ports }: PrivateServers<ShortName>): string {
  const names = [
    postgres ? `PostgreSQL on port ${String(ports.postgres)}` : 'PostgreSQL of DATABASE_URL',
    broker ? `RabbitMQ on port ${String(ports.amqp)}` : 'RabbitMQ of RABBITMQ_URL',
  ];
  return names.join(', ');
}

function describeMigrations({ applied }: Migrated): string {
  const count = applied.reduce((sum, { migrations }) => sum + migrations.length, 0);
  return count > 0 ? `Databases migrated (${String(count)} migrations applied)` : 'Databases up to date';
}

function describeTopology(access: BrokerAccess): string {
  return access.management
    ? 'Exchanges, queues and users declared'
    : 'Exchanges and queues declared over AMQP (no management API: services use the credentials of RABBITMQ_URL)';
}
