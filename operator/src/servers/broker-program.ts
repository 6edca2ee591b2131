import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

/**
 * Where packages put the server's own script. The one on the PATH may be Debian's wrapper, which insists on root and
 * the system's node.
 */
const USUAL_FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/opt/rabbitmq/sbin',
  '/opt/homebrew/opt/rabbitmq/sbin',
  '/usr/local/opt/rabbitmq/sbin',
];
const WRAPPER = 'rabbitmq-script-wrapper';

/** Paths of the two programs a private broker needs. */
export interface BrokerPrograms {
  server: string;
  /** Erlang's port mapper, run privately beside the node. */
  epmd: string;
}

/** Finds the machine's RabbitMQ. Fails, saying what to install, when there is none. */
export function findBroker(): BrokerPrograms {
  const folders = [...USUAL_FOLDERS, ...(process.env['PATH'] ?? '').split(delimiter)];
  const server = folders.map((folder) => join(folder, 'rabbitmq-server')).find(isRealServer);
  const epmd = [...folders, ...erlangFolders()].map((folder) => join(folder, 'epmd')).find((file) => existsSync(file));
  if (server && epmd) return { server, epmd };
  throw new Error(
    `RabbitMQ is not installed. ${installAdvice()}, or use docker compose up, or set RABBITMQ_URL to a broker of your own.`,
  );
}

function isRealServer(file: string): boolean {
  return existsSync(file) && basename(realpathSync(file)) !== WRAPPER;
}

function erlangFolders(): string[] {
  return ['/usr/lib/erlang', '/usr/lib64/erlang', '/opt/homebrew/lib/erlang', '/usr/local/lib/erlang'].flatMap(
    (root) =>
      existsSync(root)
        ? readdirSync(root)
            .filter((name) => name.startsWith('erts-'))
            .map((name) => join(root, name, 'bin'))
        : [],
  );
}

function installAdvice(): string {
  if (process.platform === 'darwin') return 'Install it: brew install rabbitmq';
  if (existsOnPath('apt-get')) return 'Install it: sudo apt-get install rabbitmq-server';
  if (existsOnPath('dnf')) return 'Install it: sudo dnf install rabbitmq-server';
  return 'Install the package rabbitmq-server';
}

function existsOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
