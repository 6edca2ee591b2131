/** Nothing of a service works before it is started: what was created can be thrown away. */
import { createLogger, readConfig, type App, type Logger } from '@quadrille/service-chassis';
import { createApp as createInventory } from '@quadrille/inventory-service/src/app';
import { configSchema as inventoryConfig } from '@quadrille/inventory-service/src/config';
import { createApp as createNotification } from '@quadrille/notification-service/src/app';
import { configSchema as notificationConfig } from '@quadrille/notification-service/src/config';
import { createApp as createOrder } from '@quadrille/order-service/src/app';
import { configSchema as orderConfig } from '@quadrille/order-service/src/config';
import { createApp as createPayment } from '@quadrille/payment-service/src/app';
import { configSchema as paymentConfig } from '@quadrille/payment-service/src/config';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { z } from 'zod';

/** Stands for every server that a service knows, and accepts nothing: it only counts who comes. */
let server: Server;
let port: number;
let connections: number;

beforeEach(async () => {
  connections = 0;
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

const create = <Config>(
  schema: z.ZodType<Config>,
  createApp: (config: Config, log: Logger) => Promise<App>,
  httpPort = 0,
) => {
  const at = `u:p@127.0.0.1:${String(port)}`;
  const environment = {
    PORT: String(httpPort),
    DATABASE_URL: `postgresql://${at}/d`,
    RABBITMQ_URL: `amqp://${at}/q`,
    SMTP_URL: `smtp://${at}`,
    SMTP_FROM: 'orders@shop.example',
  };
  return createApp(readConfig(schema, environment), createLogger('test', 'silent'));
};

/** The timers and sockets that keep the process from ending, a turn of the event loop later. */
const timersAndSockets = async () => {
  await new Promise(setImmediate);
  return process
    .getActiveResourcesInfo()
    .filter((resource) => /^(Timeout|TCP)/.test(resource))
    .sort();
};

test.each([
  ['order-service', () => create(orderConfig, createOrder)],
  ['inventory-service', () => create(inventoryConfig, createInventory)],
  ['payment-service', () => create(paymentConfig, createPayment)],
  ['notification-service', () => create(notificationConfig, createNotification)],
])('%s connects to nothing and leaves no timer before it is started, and can be stopped', async (_, createApp) => {
  const before = await timersAndSockets();
  const app = await createApp();
  const after = await timersAndSockets();
  await app.stop();
  expect(after).toEqual(before);
  expect(connections).toBe(0);
});

test('a service whose port is taken fails to start, and can be stopped', async () => {
  const app = await create(inventoryConfig, createInventory, port);
  await expect(app.start()).rejects.toThrow('EADDRINUSE');
  await app.stop();
});
