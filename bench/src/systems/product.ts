/** The product, as `npm start` runs it, on servers and a data folder of the benchmark's own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { lockHolder } from '@quadrille/operator/src/instance/lock';
import { openSecrets } from '@quadrille/operator/src/instance/secrets';
import { withCredentials, withDatabase } from '@quadrille/operator/src/migrate/database';
import { dataFolder } from '@quadrille/operator/src/root';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import { createProgress } from '@quadrille/operator/src/start/progress';
import type { Supervised } from '@quadrille/operator/src/start/supervisor';
import { startSystem } from '@quadrille/operator/src/start/system';
import { childrenOf, type NamedProcess } from '../measure/processes';
import type { Subject } from './subject';

/** The private server's administrator. */
const ADMIN = 'quadrille';

/** The running product with its servers. */
export interface Product {
  readonly subject: Subject;
  readonly folder: string;
  /** URL of the administrator's database. */
  readonly adminUrl: string;
  readonly admin: Pool;
  /** PostgreSQL and RabbitMQ; empty when the benchmark did not start them. */
  readonly servers: readonly NamedProcess[];
  /** One of its services, to stop and start. */
  readonly service: (name: ShortName) => Supervised;
  readonly stop: () => Promise<void>;
}

/** How the servers are recognised among the children, by their command lines. */
const SERVERS = { postgres: /postgres .*-D /, broker: /rabbitmq-server/ };

/**
 * Starts PostgreSQL, RabbitMQ and the four services. DATABASE_URL and RABBITMQ_URL point it at other servers, as they
 * do `npm start`.
 */
export async function startProduct(): Promise<Product> {
  const folder = join(dataFolder, 'bench');
  beginAnew(folder);
  const system = startSystem(folder, createProgress());
  try {
    const addresses = await system.started;
    const children = childrenOf(process.pid);
    const find = (name: string, pattern: RegExp) =>
      children.filter(({ command }) => pattern.test(command)).map(({ pid }) => ({ name, pid }));
    const adminUrl = process.env['DATABASE_URL'] ?? privateAdminUrl(folder, addresses.databases.order);
    const admin = new Pool({ connectionString: adminUrl, max: 2 });
    admin.on('error', () => undefined); // the query that needs the connection fails as well
    return {
      subject: { name: 'product', addresses, processes: serviceProcesses },
      folder,
      adminUrl,
      admin,
      servers: Object.entries(SERVERS).flatMap(([name, pattern]) => find(name, pattern)),
      service: (name) => {
        const service = system.service(name);
        if (!service) throw new Error(`${name}-service was never started.`);
        return service;
      },
      stop: async () => {
        await admin.end();
        await system.stop();
      },
    };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** Deletes the data of earlier benchmarks, so that every one begins with empty databases. */
function beginAnew(folder: string): void {
  const holder = lockHolder(join(folder, 'running.pid'));
  if (holder !== undefined) throw new Error(`A benchmark already runs in this copy (process ${String(holder)}).`);
  rmSync(folder, { recursive: true, force: true });
}

const privateAdminUrl = (folder: string, url: string) =>
  withDatabase(withCredentials(url, ADMIN, openSecrets(folder)('postgres')), 'postgres');

function serviceProcesses(): NamedProcess[] {
  const children = childrenOf(process.pid);
  return shortNames.flatMap((name) => {
    const file = `${services[name].table.name}.js`;
    return children.filter(({ command }) => command.includes(file)).map(({ pid }) => ({ name, pid }));
  });
}
