/**
 * Set-up for services that run elsewhere, in docker compose or a cluster: prepares the databases and the broker, and
 * ends. It shares its steps with `npm start`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { reasonOf } from '@quadrille/service-chassis';
import { declareTopology } from '../topology/declare';
import { ensureVirtualHost } from '../start/broker';
import { prepareDatabases } from '../start/databases';
import type { Progress } from '../start/progress';
import { findManagement, virtualHostOf } from '../servers/own-servers';
import { services, shortNames, topology, type ShortName } from '../services';

/**
 * How long servers may take to become usable, in milliseconds: a broker recovering long queues takes tens of seconds.
 */
const SERVERS_WITHIN_MS = 120_000;
const RETRY_INTERVAL_MS = 1000;

/** What set-up needs: the administrators' URLs, and the password of each service for the database and the broker. */
export interface Setup {
  databaseUrl: string;
  amqpUrl: string;
  managementUrl: string | undefined;
  passwords: Record<ShortName, string>;
}

const password = z.string({ error: 'is missing: the password the service comes with' }).min(1);
const Environment = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be an administrator's postgresql:// URL" }),
  RABBITMQ_URL: z.url({ protocol: /^amqps?$/, error: "must be an administrator's amqp:// or amqps:// URL" }),
  RABBITMQ_MANAGEMENT_URL: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional(),
  ORDER_PASSWORD: password,
  INVENTORY_PASSWORD: password,
  PAYMENT_PASSWORD: password,
  NOTIFICATION_PASSWORD: password,
});

/** Reads the environment. Empty variables count as unset. Fails with every problem listed. */
export function readSetup(env: NodeJS.ProcessEnv): Setup {
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
    throw new Error(`The environment is not right:\n${problems.join('\n')}`);
  }
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL,
    amqpUrl: data.RABBITMQ_URL,
    managementUrl: data.RABBITMQ_MANAGEMENT_URL,
    passwords: {
      order: data.ORDER_PASSWORD,
      inventory: data.INVENTORY_PASSWORD,
      payment: data.PAYMENT_PASSWORD,
      notification: data.NOTIFICATION_PASSWORD,
    },
  };
}

/**
 * Prepares databases and broker, waiting for servers that are still starting. Fails with the last reason when they do
 * not become usable.
 */
export async function setUp(setup: Setup, progress: Progress): Promise<void> {
  const passwordOf = (service: string): string => {
    const short = shortNames.find((name) => services[name].table.name === service);
    if (!short) throw new Error(`There is no service ${service}.`);
    return setup.passwords[short];
  };
  await Promise.all([
    progress.step('databases', 'Databases migrated', () =>
      retryUntilServersAnswer(progress, () => prepareDatabases(setup.databaseUrl, passwordOf)),
    ),
    progress.step('topology', 'Exchanges, queues and users declared', () =>
      retryUntilServersAnswer(progress, () => declare(setup, passwordOf)),
    ),
  ]);
}

async function declare({ amqpUrl, managementUrl }: Setup, passwordOf: (service: string) => string): Promise<void> {
  const management = await findManagement(amqpUrl, managementUrl);
  if (!management) {
    throw new Error(
      'The management API of the broker does not answer, or the user of RABBITMQ_URL is no administrator: see RABBITMQ_MANAGEMENT_URL.',
    );
  }
  const virtualHost = virtualHostOf(amqpUrl);
  await ensureVirtualHost(management, virtualHost);
  await declareTopology(management, topology, { virtualHost, userPrefix: '' }, passwordOf);
}

async function retryUntilServersAnswer<Result>(progress: Progress, work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + SERVERS_WITHIN_MS;
  let told = '';
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      const reason = reasonOf(error);
      if (reason !== told) progress.note(`trying again: ${reason}`);
      told = reason;
      await delay(RETRY_INTERVAL_MS);
    }
  }
}
