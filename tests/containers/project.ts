/** The project of docker compose as a user runs it, with a name and ports of its own. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { composeAddresses } from '@quadrille/operator/src/compose/addresses';
import { choosePorts } from '@quadrille/operator/src/instance/ports';
import { rootFolder } from '@quadrille/operator/src/root';
import type { Addresses } from '@quadrille/operator/src/start/addresses';

const run = promisify(execFile);

/** The largest output that is read, in bytes: the log of a build is far smaller. */
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

/** Ports of these tests begin here, apart from those of the other tests. */
const PORTS = {
  ORDER_PORT: 22_101,
  INVENTORY_PORT: 22_102,
  PAYMENT_PORT: 22_103,
  NOTIFICATION_PORT: 22_104,
  POSTGRES_PORT: 22_105,
  RABBITMQ_PORT: 22_106,
  RABBITMQ_MANAGEMENT_PORT: 22_107,
  GATEWAY_PORT: 22_108,
};

/** A project under test. */
export interface Project {
  readonly name: string;
  readonly ports: Readonly<Record<keyof typeof PORTS, number>>;
  /** Runs `docker compose` with these arguments and resolves with its standard output. */
  readonly compose: (...args: string[]) => Promise<string>;
  /** Changes a setting, as in .env; the next `up` applies it. */
  readonly set: (variable: string, value: string) => void;
  /** The addresses of the running system; they are read again after each `up`. */
  readonly addresses: () => Promise<Addresses>;
  /** Ids of a service's containers, running or not. */
  readonly containers: (service: string) => Promise<string[]>;
  /** Removes everything, the volumes included. */
  readonly remove: () => Promise<void>;
}

/** Runs `docker` with these arguments and resolves with its standard output. */
export async function docker(...args: string[]): Promise<string> {
  return runDocker(args, process.env);
}

async function runDocker(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run('docker', args, { cwd: rootFolder, env, maxBuffer: OUTPUT_MAX_BYTES });
  return stdout.trim();
}

/** The lines of an output. */
export const lines = (output: string): string[] => output.split('\n').filter((line) => line !== '');

/** Chooses name and ports. Starts nothing. */
export async function createProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'quadrille-containers-'));
  const ports = await choosePorts(folder, PORTS);
  const name = `quadrille-test-${randomBytes(4).toString('hex')}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...Object.fromEntries(Object.entries(ports.of).map(([variable, port]) => [variable, String(port)])),
    COMPOSE_PROJECT_NAME: name,
    COMPOSE_DISABLE_ENV_FILE: '1', // a user's own .env must not change what is tested
    QUADRILLE_TAG: name,
  };
  const compose = (...args: string[]) => runDocker(['compose', '--progress', 'quiet', ...args], env);
  return {
    name,
    ports: ports.of,
    compose,
    set: (variable, value) => {
      env[variable] = value;
    },
    addresses: () => composeAddresses(env),
    containers: async (service) => lines(await compose('ps', '--all', '--quiet', service)),
    remove: async () => {
      await compose('--profile', '*', 'down', '--volumes', '--remove-orphans');
      await docker('image', 'rm', '--force', `quadrille:${name}`);
      ports.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
