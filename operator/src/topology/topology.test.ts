import { connect } from 'amqplib';
import { topology } from '../services';
import { createTestVirtualHost, testServers, type TestVirtualHost } from '@quadrille/test-kit';
import { declareTopology } from './declare';
import { declareOverAmqp } from './declare-amqp';
import { deriveTopology } from './topology';

describe('deriveTopology', () => {
  test('a service that hears, announces and waits', () => {
    const derived = deriveTopology([
      {
        name: 'payment-service',
        hears: { InventoryReserved: 1 },
        publishes: ['PaymentProcessed'],
        lowPriority: [],
        delaysMs: [1000],
      },
    ]);
    expect(derived.exchanges.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'payment.events topic',
      'payment-service.control direct',
    ]);
    expect(derived.queues.map(({ name }) => name)).toEqual([
      'payment-service',
      'payment-service.low-priority',
      'payment-service.dead-letter',
      'payment-service.invalid',
      'payment-service.retry.1s',
    ]);
    expect(derived.bindings.map(({ exchange, queue, routingKey }) => `${exchange} ${routingKey} -> ${queue}`)).toEqual([
      'inventory.events InventoryReserved -> payment-service',
      'payment-service.control dead-letter -> payment-service.dead-letter',
      'payment-service.control invalid -> payment-service.invalid',
      'payment-service.control retry.1s -> payment-service.retry.1s',
      'payment-service.control retry -> payment-service.low-priority',
    ]);
    expect(derived.users).toEqual([
      {
        name: 'payment-service',
        permissions: {
          configure: '^$',
          write: '^(payment\\.events|payment-service\\.control)$',
          read: '^(payment-service|payment-service\\.low-priority)$',
        },
      },
    ]);
  });

  test('every event that is heard is announced by the service whose exchange it is bound to', () => {
    const declared = new Set(topology.exchanges.map(({ name }) => name));
    for (const binding of topology.bindings) expect(declared).toContain(binding.exchange);
  });
});

describe('the topology in a broker', () => {
  let host: TestVirtualHost;
  beforeAll(async () => {
    host = await createTestVirtualHost(topology);
  });
  afterAll(() => host.remove());

  test('is declared again without complaint, through the API and over AMQP', async () => {
    const place = { virtualHost: host.name, userPrefix: `${host.name}.` };
    await declareTopology(host.management, topology, place, () => testServers().management.password);
    await declareOverAmqp(host.adminUrl, topology);
    const queues = await host.management.request('GET', `queues/${host.name}?columns=name`);
    expect(queues).toHaveLength(topology.queues.length);
  });

  test('a binding of another version is removed, and no other', async () => {
    const bindings = `bindings/${host.name}`;
    const declared = await host.management.request('GET', bindings);
    for (const queue of ['order-service', 'payment-service'])
      await host.management.request('POST', `${bindings}/e/payment.events/q/${queue}`, { routing_key: 'NoSuchEvent' });
    const place = { virtualHost: host.name, userPrefix: `${host.name}.` };
    await declareTopology(host.management, topology, place, () => testServers().management.password);
    expect(await host.management.request('GET', bindings)).toEqual(declared);
  });

  test('a queue of another version is refused with the remedy', async () => {
    const [queue, ...queues] = topology.queues;
    if (!queue) throw new Error('there is no queue');
    const other = {
      ...topology,
      queues: [{ ...queue, arguments: { ...queue.arguments, 'x-max-length': 1 } }, ...queues],
    };
    const place = { virtualHost: host.name, userPrefix: `${host.name}.` };
    const password = () => testServers().management.password;
    await expect(declareTopology(host.management, other, place, password)).rejects.toThrow(
      new RegExp(`The queue ${queue.name} was declared with other arguments.*delete the folder \\.data/broker`),
    );
  });

  test('a delayed message comes back to its service, where others may overtake it', async () => {
    const connection = await connect(host.urlOf('payment-service'));
    const channel = await connection.createConfirmChannel();
    channel.publish('payment-service.control', 'retry.1s', Buffer.from('again'), { persistent: true, mandatory: true });
    await channel.waitForConfirms();
    const content = await new Promise<string | undefined>((resolve, reject) => {
      channel
        .consume('payment-service.low-priority', (message) => {
          if (message) channel.ack(message);
          resolve(message?.content.toString());
        })
        .catch(reject);
    });
    expect(content).toBe('again');
    await connection.close();
  });

  test("a service may not publish another's events", async () => {
    const connection = await connect(host.urlOf('payment-service'));
    connection.on('error', () => undefined);
    const channel = await connection.createChannel();
    const refused = new Promise<Error>((resolve) => channel.once('error', resolve));
    channel.publish('order.events', 'OrderConfirmed', Buffer.from('{}'));
    expect((await refused).message).toMatch(/ACCESS_REFUSED/);
    await connection.close();
  });
});
