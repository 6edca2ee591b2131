/**
 * Starts the baseline: its own databases with the product's tables, its own virtual host with the product's topology,
 * four processes.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { declareOverAmqp } from '@quadrille/operator/src/topology/declare-amqp';
import { connectManagement } from '@quadrille/operator/src/topology/management';
import { choosePorts } from '@quadrille/operator/src/instance/ports';
import { applyMigrations } from '@quadrille/operator/src/migrate/apply';
import { ensureDatabase, withClient, withDatabase } from '@quadrille/operator/src/migrate/database';
import { readMigrations } from '@quadrille/operator/src/migrate/migrations';
import { rootFolder } from '@quadrille/operator/src/root';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import { ensureVirtualHost } from '@quadrille/operator/src/start/broker';
import { openLog } from '@quadrille/operator/src/start/log-files';
import type { Product } from './product';
import type { Subject } from './subject';

const VIRTUAL_HOST = 'bench-baseline';

/** The usual port of the baseline's HTTP server. */
const PORT = 28_001;

/** The running baseline. */
export interface Baseline {
  readonly subject: Subject;
  readonly stop: () => void;
}

// One entry for each short name; Object.fromEntries forgets the key type.
const ofEach = async <Value>(work: (name: ShortName) => Promise<Value>) =>
  Object.fromEntries(await Promise.all(shortNames.map(async (name) => [name, await work(name)] as const))) as Record<
    ShortName,
    Value
  >;

/** An AMQP URL with another virtual host. */
export const withVirtualHost = (url: string, name: string): string => withDatabase(url, name);

/** Starts the baseline on the servers of the product. */
export async function startBaseline({ subject: { addresses }, adminUrl, folder }: Product): Promise<Baseline> {
  const { management, credentials } = addresses;
  if (!management || !credentials)
    throw new Error(
      'The baseline needs a virtual host of its own: RABBITMQ_MANAGEMENT_URL must name a management API.',
    );
  await ensureVirtualHost(connectManagement({ url: management, ...credentials }), VIRTUAL_HOST);
  const amqp = withVirtualHost(addresses.amqp, VIRTUAL_HOST);
  await declareOverAmqp(amqp, topology);
  const databases = await ofEach(async (name) => {
    const database = `bench_baseline_${name}`;
    await withClient(adminUrl, (client) => ensureDatabase(client, database));
    const url = withDatabase(adminUrl, database);
    await applyMigrations(url, readMigrations(services[name].table.name));
    return url;
  });
  const own = join(folder, 'baseline');
  mkdirSync(own, { recursive: true });
  const ports = await choosePorts(own, { order: PORT });
  const children = await ofEach((name) => launch(folder, name, { databases, amqp, port: ports.of.order }));
  const url = `http://127.0.0.1:${String(ports.of.order)}`;
  return {
    subject: {
      name: 'baseline',
      addresses: { ...addresses, order: url, inventory: url, payment: url, notification: url, amqp, databases },
      processes: () => shortNames.flatMap((name) => ({ name, pid: children[name].pid ?? 0 })),
    },
    stop: () => {
      for (const child of Object.values(children)) child.disconnect();
      ports.release();
    },
  };
}

// Without the flags of the services: with them, WebAssembly is compiled no further than the first tier, which would
// make Prisma slower here.
async function launch(
  folder: string,
  name: ShortName,
  { databases, amqp, port }: { databases: Record<ShortName, string>; amqp: string; port: number },
): Promise<ChildProcess> {
  const log = openLog(folder, `baseline-${name}`);
  const child = fork(join(rootFolder, 'dist', 'bench', 'baseline.js'), [name], {
    env: { ...process.env, DATABASE_URL: databases[name], RABBITMQ_URL: amqp, PORT: String(port) },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} of the baseline ends while starting: ${join(folder, 'logs', `baseline-${name}.log`)}`);
  });
  await Promise.race([once(child, 'message'), ended]);
  return child;
}
