import { randomBytes } from 'node:crypto';
import { GenericContainer, getContainerRuntimeClient, Network, Wait, type StartedTestContainer } from 'testcontainers';
import { withCredentials } from '@quadrille/operator/src/migrate/database';

/** The images that users of docker compose run. */
const IMAGES = { postgres: 'postgres:18', rabbitmq: 'rabbitmq:4-management' };

/** Tests run several systems at the same time. */
const MAX_CONNECTIONS = 300;

/** A batch takes more locks than the usual 64 for each connection: advisory locks, and the checks of foreign keys. */
const MAX_LOCKS = 256;

/** How many files RabbitMQ may open: Erlang allocates memory for each of them, and some engines allow a billion. */
const OPEN_FILES = 16_384;

/** How long a start may take, in milliseconds: seconds, but on a fresh machine the image is downloaded first. */
const STARTED_WITHIN_MS = 180_000;

const PASSWORD_BYTES = 18;

/** PostgreSQL and RabbitMQ in containers; URLs with an administrator's credentials. */
export interface ServerContainers {
  databaseUrl: string;
  amqpUrl: string;
  managementUrl: string;
  /** Removes both, their data and their network. */
  stop(): Promise<void>;
}

/** Whether a container engine responds. */
export async function engineAnswers(): Promise<boolean> {
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

/**
 * Starts PostgreSQL and RabbitMQ in containers, on a network of their own and on free ports, and resolves when both can
 * be used.
 */
export async function startServerContainers(): Promise<ServerContainers> {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const network = await new Network().start();
  const [postgres, rabbitmq] = await Promise.allSettled([
    postgresContainer(password).withNetwork(network).start(),
    rabbitmqContainer(password).withNetwork(network).start(),
  ]);
  const stop = async (): Promise<void> => {
    const started = [postgres, rabbitmq].filter((result) => result.status === 'fulfilled');
    await Promise.all(started.map(({ value }) => value.stop({ removeVolumes: true })));
    await network.stop();
  };
  if (postgres.status === 'rejected' || rabbitmq.status === 'rejected') {
    await stop();
    const reason: unknown =
      postgres.status === 'rejected' ? postgres.reason : rabbitmq.status === 'rejected' && rabbitmq.reason;
    throw new Error(
      `${IMAGES.postgres} and ${IMAGES.rabbitmq} can't be started (${String(reason)}). E2E_BROKER=local takes servers of this machine.`,
      { cause: reason },
    );
  }
  return {
    databaseUrl: withCredentials(`${at('postgresql', postgres.value, 5432)}/postgres`, 'postgres', password),
    amqpUrl: withCredentials(at('amqp', rabbitmq.value, 5672), 'quadrille', password),
    managementUrl: at('http', rabbitmq.value, 15672),
    stop,
  };
}

/** Not localhost: for ::1 an engine may have published another port, or the port of another container. */
function at(scheme: string, container: StartedTestContainer, port: number): string {
  const host = container.getHost().replace(/^localhost$/, '127.0.0.1');
  return `${scheme}://${host}:${String(container.getMappedPort(port))}`;
}

function postgresContainer(password: string): GenericContainer {
  const settings = { max_connections: MAX_CONNECTIONS, max_locks_per_transaction: MAX_LOCKS, fsync: 'off' };
  return new GenericContainer(IMAGES.postgres)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand([
      'postgres',
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`]),
    ])
    .withExposedPorts(5432)
    .withStartupTimeout(STARTED_WITHIN_MS)
    .withWaitStrategy(
      // Over TCP: while the data folder is created, a server listens on its socket only, and stops again.
      Wait.forAll([
        Wait.forListeningPorts(),
        Wait.forSuccessfulCommand('pg_isready --host=127.0.0.1 --username=postgres'),
      ]),
    );
}

function rabbitmqContainer(password: string): GenericContainer {
  return new GenericContainer(IMAGES.rabbitmq)
    .withEnvironment({ RABBITMQ_DEFAULT_USER: 'quadrille', RABBITMQ_DEFAULT_PASS: password })
    .withUlimits({ nofile: { soft: OPEN_FILES, hard: OPEN_FILES } })
    .withExposedPorts(5672, 15672)
    .withStartupTimeout(STARTED_WITHIN_MS)
    .withWaitStrategy(
      Wait.forAll([
        Wait.forListeningPorts(),
        Wait.forHttp('/api/health/checks/virtual-hosts', 15672).withBasicCredentials('quadrille', password),
      ]),
    );
}
