/** What a customer sees while a server behind order-service is down. */
import { createLogger, type App } from '@quadrille/service-chassis';
import { createApp } from '@quadrille/order-service/src/app';
import { configSchema } from '@quadrille/order-service/src/config';
import { topology } from '@quadrille/operator/src/services';
import {
  createTestDatabase,
  createTestVirtualHost,
  eventually,
  startTcpProxy,
  type TcpProxy,
} from '@quadrille/test-kit';
import { createServer, type AddressInfo } from 'node:net';
import { Client } from 'pg';

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      // A TCP server that listens has an address of this form.
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });

let app: App;
let database: TcpProxy;
let broker: TcpProxy;
let base: string;
let databaseUrl: string;
let cleanUp: (() => Promise<void>)[] = [];

beforeEach(async () => {
  const ownDatabase = await createTestDatabase('order-service');
  databaseUrl = ownDatabase.url;
  const host = await createTestVirtualHost(topology);
  database = await startTcpProxy(ownDatabase.url);
  broker = await startTcpProxy(host.adminUrl);
  const port = await freePort();
  base = `http://127.0.0.1:${String(port)}`;
  const config = configSchema.parse({
    PORT: port,
    DATABASE_URL: database.through(ownDatabase.url),
    RABBITMQ_URL: broker.through(host.urlOf('order-service')),
    LOG_LEVEL: 'silent',
  });
  app = await createApp(config, createLogger('order-service', 'silent'));
  await app.start();
  cleanUp = [
    () => app.stop(),
    () => database.close(),
    () => broker.close(),
    () => host.remove(),
    () => ownDatabase.drop(),
  ];
  await ready('ready');
});
afterEach(async () => {
  for (const end of cleanUp) await end();
});

const ask = async (path: string, body?: unknown) => {
  const response = await fetch(`${base}${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.json() };
};
const ready = (status: string) =>
  eventually(async () => {
    expect((await ask('/readyz')).body).toMatchObject({ status });
  });
/** How many rows the outbox holds, and how many of them a relay may take now. */
const outbox = async () => {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ all: number; due: number }>(
      'SELECT count(*)::int AS all, count(*) FILTER (WHERE available_at <= now())::int AS due FROM outbox',
    );
    return rows[0];
  } finally {
    await client.end();
  }
};
const order = { customer_id: 'c-1', items: [{ product_id: 'p-1', quantity: 1 }] };

test('without the database: 503 with Retry-After for writing and reading, and all is well when it is back', async () => {
  const placed = await ask('/orders', order);
  expect(placed.status).toBe(202);
  await database.cut();
  for (const [path, body] of [['/orders', order], ['/orders'], ['/orders/o-1'], ['/orders/customer/c-1']] as const) {
    expect(await ask(path, body)).toMatchObject({
      status: 503,
      retryAfter: '1',
      body: { title: 'Service Unavailable' },
    });
  }
  await ready('not ready');
  await database.resume();
  await ready('ready');
  expect(await ask('/orders')).toMatchObject({ status: 200, body: { items: [{ status: 'PENDING' }] } });
});

test('a customer who waits while the database goes away is told that the order is placed: another would be a second one', async () => {
  const headers = { 'content-type': 'application/json', prefer: 'wait=3' };
  const waiting = fetch(`${base}/orders`, { method: 'POST', headers, body: JSON.stringify(order) });
  await eventually(async () => {
    expect((await ask('/orders')).body).toMatchObject({ items: [{ status: 'PENDING' }] });
  });
  await database.cut();
  const response = await waiting;
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ status: 'PENDING', settled: false });
  await database.resume();
});

test('without the broker: orders are taken, the service says that it is degraded, and they go out when it is back', async () => {
  await broker.cut();
  await ready('degraded');
  expect((await ask('/readyz')).status).toBe(200);
  expect((await ask('/orders', order)).status).toBe(202);
  expect(await outbox()).toEqual({ all: 1, due: 1 });
  expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^outbox_rows\{.*status="due".*\} 1$/m);
  await broker.resume();
  await ready('ready');
  await eventually(async () => {
    expect(await outbox()).toEqual({ all: 0, due: 0 });
  });
});
