/** A RabbitMQ of the image of docker compose, in the place of the private one: another version, on the same ports. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { processMarker } from '@quadrille/operator/src/instance/processes';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { SystemUnderFault } from './system-under-fault';

const run = promisify(execFile);

/**
 * The one that docker-compose.yml starts. It is not downloaded for a row: where it is not at hand, the row is not run.
 */
const IMAGE = 'rabbitmq:4-management';

/** An engine that takes longer to say what it has does not work. */
const ENGINE_TIMEOUT_MS = 5_000;

/** RabbitMQ in a container starts in some ten seconds; on a machine busy with faults in more. */
const READY_WITHIN_MS = 90_000;

/** Files that RabbitMQ may open: Erlang allocates for as many as there may be, on some engines a billion. */
const OPEN_FILES = 16_384;

/** Whether an engine answers and has the image. */
export function hasBrokerImage(): boolean {
  const asked = spawnSync('docker', ['image', 'inspect', IMAGE], { stdio: 'ignore', timeout: ENGINE_TIMEOUT_MS });
  return asked.status === 0;
}

/** One for each copy of the repository: the next run finds what a killed one has left. */
const nameFor = ({ folder }: SystemUnderFault) => `${processMarker(folder)}-broker`;

/** Removes the container and everything in it; nothing happens when there is none. */
export async function removeBrokerContainer(system: SystemUnderFault): Promise<void> {
  await run('docker', ['rm', '--force', '--volumes', nameFor(system)]).catch((error: unknown) => {
    if (!String(error).includes('No such container')) throw error;
  });
}

/**
 * Starts it on the ports of the private broker, which must have been stopped, with the same administrator. It is empty.
 */
export async function startBrokerContainer(system: SystemUnderFault): Promise<void> {
  await removeBrokerContainer(system);
  const { username, password, port, pathname } = new URL(system.broker().url);
  const virtualHost = pathname.slice(1);
  const settings = {
    RABBITMQ_DEFAULT_USER: username,
    RABBITMQ_DEFAULT_PASS: password,
    RABBITMQ_DEFAULT_VHOST: virtualHost,
  };
  const published = [`${port}:5672`, `${new URL(system.broker().managementUrl).port}:15672`];
  await run(
    'docker',
    [
      ...['run', '--detach', '--rm', '--pull', 'never', '--name', nameFor(system)],
      ...['--ulimit', `nofile=${String(OPEN_FILES)}`],
      ...published.flatMap((ports) => ['--publish', `127.0.0.1:${ports}`]),
      // By name only: what stands on a command line can be read by everybody.
      ...Object.keys(settings).flatMap((name) => ['--env', name]),
      IMAGE,
    ],
    { env: { ...process.env, ...settings } },
  );
  await eventually(async () => {
    if (!(await system.management.isVirtualHostRunning(virtualHost))) throw new Error(`${IMAGE} does not get ready`);
  }, READY_WITHIN_MS);
}
