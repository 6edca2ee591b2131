/**
 * The private servers of a data folder: a PostgreSQL from an npm package (postgres.ts, under the account that
 * postgres-account.ts chooses) and the machine's RabbitMQ (broker.ts, found by broker-program.ts), both as child
 * processes (child.ts) on free ports of loopback. `npm start`, tests, the benchmark and the proofs use them.
 * own-servers.ts reads the servers that the user names instead.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../instance/lock';
import { choosePorts } from '../instance/ports';
import { openSecrets } from '../instance/secrets';
import { endBroker, startBroker, type BrokerServer } from './broker';
import { endPostgres, startPostgres, type PostgresServer } from './postgres';

/** Sessions at once: four services with 8 each, a checker, an operator's psql. */
const MAX_CONNECTIONS = 100;
/** Tests run several systems beside each other. */
const MAX_CONNECTIONS_TESTS = 300;

/**
 * The usual ports of a system; those of tests are far away, so that tests do not take the ports of a running system.
 */
const USUAL_PORTS = { postgres: 5432, amqp: 5672, management: 15672, distribution: 25672, epmd: 4369 };
const TEST_PORTS = { postgres: 21432, amqp: 21672, management: 21673, distribution: 21674, epmd: 21675 };

/** The ports of the private servers. */
type ServerPort = keyof typeof USUAL_PORTS;

/** Which servers to start, and on what. */
export interface ServersOptions<Name extends string> {
  folder: string;
  purpose: 'system' | 'tests';
  /** False when the environment names a server of the user's own. */
  postgres: boolean;
  broker: boolean;
  /** Further ports to choose and claim, by name, with their usual numbers. */
  ports: Record<Name, number>;
}

/** The private servers of a data folder. */
export interface PrivateServers<Name extends string> {
  postgres: PostgresServer | undefined;
  broker: BrokerServer | undefined;
  ports: Record<ServerPort | Name, number>;
  passwordOf: (name: string) => string;
  /** Starts it again on the same ports after it died. */
  restartPostgres: () => Promise<PostgresServer>;
  restartBroker: () => Promise<BrokerServer>;
  /** Releases ports and data folder. The servers must have been stopped. */
  release: () => void;
}

/**
 * Starts the private servers of a data folder, both at once. Servers that a killed run has left on the folder are ended
 * first; a run that is alive is an error that names its process.
 */
export async function startPrivateServers<Name extends string>(
  options: ServersOptions<Name>,
): Promise<PrivateServers<Name>> {
  const { folder } = options;
  const durable = options.purpose === 'system';
  const lock = takeLock(join(folder, 'running.pid'));
  if ('heldBy' in lock) {
    throw new Error(
      `Quadrille already runs in this folder (process ${String(lock.heldBy)}). Stop it with Ctrl-C there, or kill ${String(lock.heldBy)}.`,
    );
  }
  await Promise.all([endPostgres(folder), endBroker({ folder, durable })]);
  // Tests begin with an empty broker: RabbitMQ 3.10 can lose its dead-lettering for good when old queues are deleted as
  // it recovers them.
  if (!durable) rmSync(join(folder, 'broker'), { recursive: true, force: true });
  const ports = await choosePorts<ServerPort | Name>(folder, {
    ...(durable ? USUAL_PORTS : TEST_PORTS),
    ...options.ports,
  });
  const passwordOf = openSecrets(folder);
  const restartPostgres = (): Promise<PostgresServer> =>
    startPostgres({
      folder,
      port: ports.of.postgres,
      password: passwordOf('postgres'),
      durable,
      maxConnections: durable ? MAX_CONNECTIONS : MAX_CONNECTIONS_TESTS,
    });
  const restartBroker = (): Promise<BrokerServer> =>
    startBroker({ folder, ports: ports.of, password: passwordOf('rabbitmq'), durable });
  const release = (): void => {
    ports.release();
    lock.release();
  };
  const [postgres, broker] = await Promise.allSettled([
    options.postgres ? restartPostgres() : undefined,
    options.broker ? restartBroker() : undefined,
  ]);
  if (postgres.status === 'rejected' || broker.status === 'rejected') {
    if (postgres.status === 'fulfilled') await postgres.value?.stop();
    if (broker.status === 'fulfilled') await broker.value?.stop();
    release();
    throw postgres.status === 'rejected' ? postgres.reason : broker.status === 'rejected' && broker.reason;
  }
  return {
    postgres: postgres.value,
    broker: broker.value,
    ports: ports.of,
    passwordOf,
    restartPostgres,
    restartBroker,
    release,
  };
}
