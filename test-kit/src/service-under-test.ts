/**
 * One service, run in this process on a database and a virtual host of its own. The test takes the place of the other
 * services.
 */
import { createLogger, installZodMessages, readConfig, type App, type Logger } from '@quadrille/service-chassis';
import { EVENT_CONTENT_TYPE, exchangeOf, parseEvent, type DomainEvent } from '@quadrille/shared-events';
import { topology } from '@quadrille/operator/src/services';
import { createTestDatabase } from './database';
import { createTestVirtualHost } from './virtual-host';
import { connect } from 'amqplib';
import { Pool } from 'pg';
import type { z } from 'zod';
import { eventually } from './eventually';

/** The service, and its environment besides the servers' addresses. */
export interface ServiceUnderTestOptions<Config> {
  readonly name: string;
  readonly configSchema: z.ZodType<Config>;
  readonly createApp: (config: Config, log: Logger) => Promise<App>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running service. */
export interface ServiceUnderTest {
  /** Sends a request; resolves with status, headers and JSON body. */
  request(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: unknown }>;
  /** Publishes an event as its publisher would; resolves when the broker has it. */
  publish(event: DomainEvent): Promise<void>;
  /** Takes all messages from a queue, oldest first. */
  take(queue: string): Promise<readonly DomainEvent[]>;
  /** Publishes any payload, valid or not, with a routing key that the service hears. */
  publishRaw(routingKey: DomainEvent['type'], payload: Buffer): Promise<void>;
  /** The database of the service, for reading. */
  readonly database: Pool;
  /** Stops the service and starts it again on the same servers. */
  restart(): Promise<void>;
  /** Stops the service and removes its database and virtual host. */
  stop(): Promise<void>;
}

/** The side of the other services at the broker. */
async function openNeighbours(
  url: string,
): Promise<Pick<ServiceUnderTest, 'publish' | 'publishRaw' | 'take'> & { close(): Promise<void> }> {
  const broker = await connect(url);
  const channel = await broker.createConfirmChannel();
  const publishRaw = async (routingKey: DomainEvent['type'], payload: Buffer) => {
    const contentType = EVENT_CONTENT_TYPE;
    channel.publish(exchangeOf(routingKey), routingKey, payload, { contentType, persistent: true, type: routingKey });
    await channel.waitForConfirms();
  };
  return {
    publishRaw,
    publish: (event) => publishRaw(event.type, Buffer.from(JSON.stringify(event))),
    take: async (queue) => {
      const events: DomainEvent[] = [];
      for (;;) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) return events;
        const parsed = parseEvent(message.content);
        if (!parsed.ok) throw new Error(`an unreadable message in ${queue}: ${parsed.error.reason}`);
        events.push(parsed.event);
      }
    },
    close: () => broker.close(),
  };
}

/** Sends a string body as it is, valid or not, and any other body as JSON. */
async function sendJson(url: string, method: string, body: unknown): ReturnType<ServiceUnderTest['request']> {
  const headers = { 'content-type': 'application/json' };
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, body === undefined ? { method } : { method, headers, body: payload });
  const answered: unknown = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body: answered };
}

/** Starts a service and resolves when it is ready. */
export async function startServiceUnderTest<Config>(
  options: ServiceUnderTestOptions<Config>,
): Promise<ServiceUnderTest> {
  const { name, configSchema, createApp } = options;
  installZodMessages(); // as `run` does
  const [testDatabase, virtualHost] = await Promise.all([createTestDatabase(name), createTestVirtualHost(topology)]);
  const database = new Pool({ connectionString: testDatabase.url, max: 2 });
  const neighbours = await openNeighbours(virtualHost.adminUrl);
  const config = readConfig(configSchema, {
    PORT: '0',
    DATABASE_URL: testDatabase.url,
    RABBITMQ_URL: virtualHost.urlOf(name),
    ...options.environment,
  });
  let app: App;
  let url: string;

  const start = async () => {
    app = await createApp(config, createLogger(name, 'silent'));
    url = await app.start();
    await eventually(async () => {
      const response = await fetch(`${url}/readyz`);
      if (response.status !== 200) throw new Error(`${name} is not ready: ${await response.text()}`);
    });
  };
  await start();

  return {
    publish: (event) => neighbours.publish(event),
    publishRaw: (routingKey, payload) => neighbours.publishRaw(routingKey, payload),
    take: (queue) => neighbours.take(queue),
    request: (method, path, body) => sendJson(url + path, method, body),
    database,
    restart: async () => {
      await app.stop();
      await start();
    },
    stop: async () => {
      await app.stop();
      await neighbours.close();
      await database.end();
      await virtualHost.remove();
      await testDatabase.drop();
    },
  };
}
