/** Measures the ceilings on the servers of the product, in a database and a virtual host of their own. */
import { applyMigrations } from '@quadrille/operator/src/migrate/apply';
import { ensureDatabase, withClient, withDatabase } from '@quadrille/operator/src/migrate/database';
import { readMigrations } from '@quadrille/operator/src/migrate/migrations';
import { connectManagement } from '@quadrille/operator/src/topology/management';
import { services, shortNames } from '@quadrille/operator/src/services';
import { ensureVirtualHost } from '@quadrille/operator/src/start/broker';
import { PRODUCTS } from '../customers/orders';
import { watchCpu } from '../measure/processes';
import { withVirtualHost } from '../systems/baseline';
import type { Product } from '../systems/product';
import { startWorker } from '../worker';
import type { CeilingName } from './kinds';

const NAME = 'bench_ceiling';

/** How long a ceiling is measured, in milliseconds. */
const MEASURE_MS = 4_000;

const US_PER_S = 1_000_000;

/** The figures of one ceiling. */
export interface CeilingFigures {
  readonly per_s: number;
  /** CPU of the server for one unit, in microseconds; undefined when the benchmark did not start the server. */
  readonly server_cpu_us?: number;
  /** CPU of the process that loads the server, for one unit, in microseconds. */
  readonly client_cpu_us: number;
}

/** The process that loads the servers. */
export interface Ceiling {
  readonly measure: (name: CeilingName) => Promise<CeilingFigures>;
  readonly stop: () => void;
}

/** Creates the database, its schemas and the virtual host. */
export async function startCeiling(product: Product): Promise<Ceiling> {
  const { subject, adminUrl, servers } = product;
  const databaseUrl = withDatabase(adminUrl, NAME);
  await prepareTables(adminUrl, databaseUrl);
  const amqpUrl = await prepareVirtualHost(subject.addresses);
  const worker = await startWorker('ceilings');
  const processes = [...servers, { name: 'client', pid: worker.pid }];
  return {
    measure: async (name) => {
      const server = name.startsWith('postgres') ? 'postgres' : 'broker';
      await worker.ask({ name, databaseUrl, amqpUrl });
      const cpu = watchCpu(processes);
      // The form of the result of ceilings/main.ts.
      const { units, seconds } = (await worker.ask({ runMs: MEASURE_MS })) as { units: number; seconds: number };
      const used = cpu();
      await worker.ask('close');
      const cpuUs = (of: string) => ((used.get(of) ?? 0) / units) * US_PER_S;
      return {
        per_s: units / seconds,
        client_cpu_us: cpuUs('client'),
        ...(used.has(server) ? { server_cpu_us: cpuUs(server) } : {}),
      };
    },
    stop: worker.stop,
  };
}

async function prepareTables(adminUrl: string, databaseUrl: string): Promise<void> {
  await withClient(adminUrl, (client) => ensureDatabase(client, NAME));
  for (const name of shortNames) {
    await withClient(databaseUrl, (client) => client.query(`CREATE SCHEMA IF NOT EXISTS "${name}"`));
    const url = new URL(databaseUrl);
    url.searchParams.set('options', `-c search_path="${name}"`);
    await applyMigrations(url.toString(), readMigrations(services[name].table.name));
  }
  await withClient(databaseUrl, async (client) => {
    await client.query(
      `INSERT INTO "inventory".product (product_id, name, category, price_minor, currency, available)
        SELECT id, id, 'bench', 1000, 'USD', 1000000000 FROM unnest($1::text[]) AS id
        ON CONFLICT (product_id) DO UPDATE SET available = EXCLUDED.available`,
      [PRODUCTS],
    );
    // Every start measures tables as small as the last one did.
    await client.query(`TRUNCATE "order".orders, "order".outbox, "inventory".reservation, "inventory".outbox,
      "payment".payments, "payment".simulated_gateway_charge, "payment".outbox, "notification".notification`);
  });
}

async function prepareVirtualHost(addresses: Product['subject']['addresses']): Promise<string> {
  const { management, credentials, amqp } = addresses;
  if (!management || !credentials)
    throw new Error('The ceilings need a virtual host: RABBITMQ_MANAGEMENT_URL must name a management API.');
  await ensureVirtualHost(connectManagement({ url: management, ...credentials }), NAME);
  return withVirtualHost(amqp, NAME);
}
