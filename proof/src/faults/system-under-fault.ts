/**
 * The system under faults: put together from the same parts as that of `npm start`, on servers, ports and a data folder
 * of its own, with a hand on every part.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { connectManagement, type Management } from '@quadrille/operator/src/topology/management';
import { openShop, type Shop } from '@quadrille/operator/src/demo/client';
import { metric } from '../load/figures';
import { dataFolder } from '@quadrille/operator/src/root';
import { endStarted } from '@quadrille/operator/src/servers/child';
import type { BrokerServer } from '@quadrille/operator/src/servers/broker';
import type { PostgresServer } from '@quadrille/operator/src/servers/postgres';
import { startPrivateServers } from '@quadrille/operator/src/servers/private-servers';
import { shortNames, type ShortName } from '@quadrille/operator/src/services';
import { withClient, withDatabase } from '@quadrille/operator/src/migrate/database';
import { prepareBroker } from '@quadrille/operator/src/start/broker';
import { prepareDatabases } from '@quadrille/operator/src/start/databases';
import { serviceEnvironment } from '@quadrille/operator/src/start/environment';
import type { VerifyAddresses } from '@quadrille/operator/src/verify/verify';
import { startOtherNodes, type Node } from './cluster';
import { eventually } from '@quadrille/test-kit/src/eventually';
import { startService, type ServiceUnderFault } from './service';
import { unmountBelow } from './small-disk';
import { openPools, record, rest, type Pools } from './under-way';

/** Everything that this system writes; begun anew with each run. */
const folder = join(dataFolder, 'faults');

/** Ports begin here, beside those of tests and of a running system. */
const PORTS = { order: 23_001, inventory: 23_002, payment: 23_003, notification: 23_004 };

/** Ports of the second and third node of a cluster. */
const NODE_PORTS = {
  amqp2: 23_031,
  management2: 23_032,
  distribution2: 23_033,
  amqp3: 23_034,
  management3: 23_035,
  distribution3: 23_036,
};

/** Port of a standby of PostgreSQL. */
const STANDBY_PORT = { standby: 23_037 };

/** Ports of the replicas that a row may start: two of each service. */
const REPLICA_PORTS = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`replica${String(n)}`, 23_011 + n]));

/** Sooner than the usual 30 s, so that what only a nudge heals heals within a row. */
const HEALING_AFTER_MS = 5_000;

/** A recovered database or broker that does not answer by then has not recovered. */
const SERVER_WITHIN_MS = 30_000;

/** What a row needs: the system of npm start, or the same on a cluster of three brokers. */
export type Deployment = 'single' | 'cluster';

/** What each service connects to. */
export interface ServerUrls {
  readonly database: string;
  readonly broker: string;
}

/** The system and its servers. */
export interface SystemUnderFault {
  readonly folder: string;
  readonly services: Readonly<Record<ShortName, ServiceUnderFault>>;
  readonly all: readonly ServiceUnderFault[];
  /** What each service connects to when nothing is between them. */
  readonly urls: Readonly<Record<ShortName, ServerUrls>>;
  readonly shop: Shop;
  readonly addresses: VerifyAddresses & Readonly<Record<ShortName, string>>;
  readonly management: Management;
  /** Name of the virtual host, as a part of a path of the management API. */
  readonly virtualHost: string;
  readonly broker: () => BrokerServer;
  /** Besides `broker`, in a cluster. */
  readonly otherNodes: readonly Node[];
  readonly postgres: () => PostgresServer;
  /** Where a row may start a standby of PostgreSQL. */
  readonly standbyPort: number;
  /** After its death: on the same port, with the same data. */
  readonly restartBroker: () => Promise<void>;
  /** Everything that is declared in the broker, and its users: once more, in a broker that has lost some of it. */
  readonly declareAgain: () => Promise<void>;
  readonly restartPostgres: () => Promise<void>;
  /** Another process of a service; ends when its `stop` is called, or with the system. */
  readonly replica: (short: ShortName, settings?: Readonly<Record<string, string>>) => Promise<ServiceUnderFault>;
  /** One statement as the owner of a service's database. */
  readonly sql: <Row extends object>(database: ShortName, text: string, values?: unknown[]) => Promise<Row[]>;
  /** A session of the server's administrator in a service's database. */
  readonly asAdministrator: <Result>(database: ShortName, work: (client: Client) => Promise<Result>) => Promise<Result>;
  /** What the sweeper of a service has taken up again since the service was started. */
  readonly sweptBy: (short: ShortName) => Promise<number>;
  readonly sweptFrom: (serviceUrl: string) => Promise<number>;
  /** Resolves when nothing is under way any more; after `withinMs` with what still is. */
  readonly rest: (withinMs: number) => Promise<string | undefined>;
  readonly stop: () => Promise<void>;
}

/** Starts everything, with a broker of three nodes for a cluster, and resolves when all services are ready. */
export async function startSystemUnderFault(deployment: Deployment): Promise<SystemUnderFault> {
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
  const servers = await startPrivateServers({
    folder,
    purpose: 'system',
    postgres: true,
    broker: true,
    ports: { ...PORTS, ...NODE_PORTS, ...STANDBY_PORT, ...REPLICA_PORTS },
  });
  try {
    return await assemble(servers, deployment);
  } catch (error) {
    await endStarted('SIGKILL');
    servers.release();
    throw error;
  }
}

async function assemble(
  servers: Awaited<ReturnType<typeof startPrivateServers>>,
  deployment: Deployment,
): Promise<SystemUnderFault> {
  const { passwordOf, ports } = servers;
  let { postgres, broker } = servers;
  if (!postgres || !broker) throw new Error('faults need private servers');
  const otherNodes = deployment === 'cluster' ? await startOtherNodes(folder, ports, passwordOf('rabbitmq')) : [];
  const declare = (server: BrokerServer) =>
    prepareBroker(server, { databaseUrl: undefined, amqpUrl: undefined, managementUrl: undefined }, folder, passwordOf);
  const [databases, access] = await Promise.all([prepareDatabases(postgres.url, passwordOf), declare(broker)]);
  const { management } = access;
  if (!management) throw new Error('the private broker has no management API');
  const urls = record((name) => ({ database: databases.urls[name], broker: urlsOf(access.urls[name], otherNodes) }));
  const running = record((name) => startOn(urls[name], name, ports[name] ?? 0));
  const replicas: ServiceUnderFault[] = [];
  const pools = openPools(databases.urls);
  const http = record((name) => running[name].url);
  const { url, user, password } = management.access;
  await allReady(Object.values(running), 'the services do not get ready');
  return {
    folder,
    services: running,
    all: shortNames.map((name) => running[name]),
    urls,
    shop: openShop(http),
    addresses: {
      ...http,
      databases: databases.urls,
      amqp: access.adminUrl,
      management: url,
      credentials: { user, password },
    },
    otherNodes,
    management: connectManagement(management.access),
    virtualHost: encodeURIComponent(new URL(access.adminUrl).pathname.slice(1)),
    broker: () => known(broker),
    postgres: () => known(postgres),
    standbyPort: ports['standby'] ?? 0,
    restartBroker: async () => {
      broker = await servers.restartBroker();
    },
    declareAgain: async () => {
      await declare(known(broker));
    },
    restartPostgres: async () => {
      postgres = await servers.restartPostgres();
    },
    replica: async (short, more = {}) => {
      const port = ports[`replica${String(replicas.length % Object.keys(REPLICA_PORTS).length)}`] ?? 0;
      const replica = startOn(urls[short], short, port, more);
      replicas.push(replica);
      await allReady([replica], `a replica of ${replica.name} does not get ready`);
      return replica;
    },
    asAdministrator: (database, work) => withClient(withDatabase(known(postgres).url, database), work),
    sql: async <Row extends object>(database: ShortName, text: string, values: unknown[] = []) =>
      (await pools[database].query<Row>(text, values)).rows,
    sweptBy: (short) => metric(http[short], 'overdue_swept_total', ''),
    sweptFrom: (serviceUrl) => metric(serviceUrl, 'overdue_swept_total', ''),
    rest: (withinMs) => rest(pools, withinMs),
    stop: async () => {
      await stopAll([...Object.values(running), ...replicas], pools);
      servers.release();
    },
  };
}

/** Starts a service on these servers. */
const startOn = (
  { database, broker }: ServerUrls,
  name: ShortName,
  port: number,
  more: Readonly<Record<string, string>> = {},
): ServiceUnderFault =>
  startService(folder, name, port, {
    ...serviceEnvironment({ port, databaseUrl: database, rabbitmqUrl: broker }),
    HEALING_AFTER_MS: String(HEALING_AFTER_MS),
    ...more,
  });

/** Resolves when all of them are ready; rejects with this message when they are not within SERVER_WITHIN_MS. */
const allReady = (services: readonly ServiceUnderFault[], message: string): Promise<void> =>
  eventually(async () => {
    const ready = await Promise.all(services.map((service) => service.isReady()));
    if (ready.includes(false)) throw new Error(message);
  }, SERVER_WITHIN_MS);

/** Ends the services, also those that are stopped by a signal, and then the servers. */
async function stopAll(services: readonly ServiceUnderFault[], pools: Pools): Promise<void> {
  for (const { signal } of services) signal('SIGCONT');
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all(Object.values(pools).map((pool) => pool.end()));
  await endStarted();
}

/** The nodes of a cluster, the one that is never killed last: each service is then connected to one that may be. */
function urlsOf(first: string, others: readonly Node[]): string {
  const at = (node: Node) => {
    const url = new URL(first);
    url.port = new URL(node.broker().url).port;
    return url.toString();
  };
  return [...others.map(at), first].join(',');
}

function known<Server>(server: Server | undefined): Server {
  if (!server) throw new Error('the server was never started');
  return server;
}
