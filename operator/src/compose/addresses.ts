/** Finds the system that runs in docker compose, for the commands' option `--docker`. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { withCredentials, withDatabase } from '../migrate/database';
import { rootFolder } from '../root';
import { services, shortNames, type ShortName } from '../services';
import type { Addresses } from '../start/addresses';

const run = promisify(execFile);

const Environment = z.object({
  DATABASE_URL: z.string(),
  RABBITMQ_URL: z.string(),
  ORDER_PASSWORD: z.string(),
  INVENTORY_PASSWORD: z.string(),
  PAYMENT_PASSWORD: z.string(),
  NOTIFICATION_PASSWORD: z.string(),
});
const Project = z.object({ services: z.object({ setup: z.object({ environment: Environment }) }) });

/**
 * Finds the system of `docker compose`: ports from its containers, passwords from the settings of its `setup` (`.env`
 * or the environment, COMPOSE_PROJECT_NAME included). Fails, naming `docker compose up`, when it does not run.
 */
export async function composeAddresses(env: NodeJS.ProcessEnv = process.env): Promise<Addresses> {
  const compose = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('docker', ['compose', ...args], { cwd: rootFolder, env });
    return stdout;
  };
  const published = async (service: string, port: number): Promise<string> => {
    const address = (await compose('port', service, String(port)).catch(() => '')).trim();
    if (!/:[1-9]\d*$/.test(address)) {
      throw new Error(`The container ${service} does not run: docker compose up --build --wait`);
    }
    return address;
  };
  const { environment } = Project.parse(JSON.parse(await compose('config', '--format', 'json'))).services.setup;
  const [postgres, amqp, management] = await Promise.all([
    published('postgres', 5432),
    published('rabbitmq', 5672),
    published('rabbitmq', 15672),
  ]);
  const amqpUrl = new URL(environment.RABBITMQ_URL);
  amqpUrl.host = amqp;
  const databaseUrl = new URL(environment.DATABASE_URL);
  databaseUrl.host = postgres;
  const passwords: Record<ShortName, string> = {
    order: environment.ORDER_PASSWORD,
    inventory: environment.INVENTORY_PASSWORD,
    payment: environment.PAYMENT_PASSWORD,
    notification: environment.NOTIFICATION_PASSWORD,
  };
  return {
    ...(await each(async (short) => `http://${await published('ingress', services[short].port)}`)),
    management: `http://${management}`,
    credentials: { user: decodeURIComponent(amqpUrl.username), password: decodeURIComponent(amqpUrl.password) },
    amqp: amqpUrl.toString(),
    databases: await each((short) =>
      withDatabase(withCredentials(databaseUrl.toString(), services[short].table.name, passwords[short]), short),
    ),
  };
}

async function each(make: (short: ShortName) => string | Promise<string>): Promise<Record<ShortName, string>> {
  const entries = await Promise.all(shortNames.map(async (short) => [short, await make(short)] as const));
  // One entry for each short name was just made; Object.fromEntries forgets the key type.
  return Object.fromEntries(entries) as Record<ShortName, string>;
}
