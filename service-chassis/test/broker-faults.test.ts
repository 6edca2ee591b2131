/**
 * The broker disappears, closes, cancels or returns: nothing is lost, nothing takes effect twice, and the links
 * recover.
 */
import { eventually, startTcpProxy } from '@quadrille/test-kit';
import { exchangeOf } from '@quadrille/shared-events';
import { connect, type Channel } from 'amqplib';
import { pino } from 'pino';
import { superviseLink } from '../src/broker/link';
import type { Connect } from '../src/broker/link-options';
import { startFake, table, type FakeService } from './fake-service';
import { orders, createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let service: FakeService;

beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(async () => {
  await service.stop();
  await fixture.close();
});

const ready = () =>
  eventually(() => {
    expect(service.participant.problems()).toEqual({});
  }, 30_000);

/** The service's events for these orders, once each: a repeated event has the id of the first. */
const answered = (ids: readonly string[]) =>
  eventually(() => {
    const events = fixture.received();
    expect(new Set(events.map(({ subject }) => subject)).size).toBe(ids.length);
    expect(new Set(events.map(({ id }) => id)).size).toBe(ids.length);
  }, 40_000);

const handledOnce = async (ids: readonly string[]) => {
  const { rows } = await service.pool.query('SELECT 1 FROM seen WHERE order_id = ANY($1) AND handled = 1', [ids]);
  expect(rows).toHaveLength(ids.length);
};

test.each(['payment-service consume', 'payment-service publish'])(
  'the connection "%s" is closed under load: it comes back, and nothing is lost',
  async (which) => {
    service = startFake(fixture.brokerUrl, fixture.database.url);
    await ready();
    const ids = orders(3_000);
    const publishing = fixture.publish(ids);
    await eventually(async () => {
      expect(await fixture.closeConnections(which)).toBe(1);
    });
    await publishing;
    await answered(ids);
    await ready();
    await handledOnce(ids);
    expect(await service.counted('messages_parked_total')).toBe(0);
  },
);

test('of the nodes of a cluster, the next one is tried when one is lost', async () => {
  const [first, second] = [await startTcpProxy(fixture.brokerUrl), await startTcpProxy(fixture.brokerUrl)];
  const nodes = [first, second].map((proxy) => proxy.through(fixture.brokerUrl)).join(',');
  service = startFake(nodes, fixture.database.url);
  await ready();
  await first.cut();
  const ids = orders(100);
  await fixture.publish(ids);
  await answered(ids);
  await second.cut();
  await first.resume();
  const others = orders(100);
  await fixture.publish(others);
  await answered([...ids, ...others]);
  await Promise.all([first.close(), second.close()]);
});

test('the network is cut and comes back: the service says what is down meanwhile, and goes on by itself', async () => {
  const proxy = await startTcpProxy(fixture.brokerUrl);
  service = startFake(proxy.through(fixture.brokerUrl), fixture.database.url);
  await ready();
  await proxy.cut();
  await eventually(() => {
    expect(Object.keys(service.participant.problems()).sort()).toEqual([
      'consumer',
      'low-priority consumer',
      'publisher',
    ]);
  });
  const ids = orders(100);
  await fixture.publish(ids);
  // Commands are still decided: the outbox keeps their events.
  await service.participant.command({ key: ids[0] ?? '', message: { type: 'Touch' }, cause: {} });
  await proxy.resume();
  await answered(ids.slice(1));
  await ready();
  await service.stop();
  await proxy.close();
  service = startFake(fixture.brokerUrl, fixture.database.url);
});

test('a parking queue is missing: the service says that it is held up, and goes on when it is declared again', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await ready();
  await fixture.channel.deleteQueue(`${table.name}.invalid`);
  await fixture.publishBytes(Buffer.from('junk'));
  await eventually(() => {
    expect(service.participant.problems()).toEqual({ consumer: expect.stringContaining('the log says why') as string });
  });
  await fixture.declare();
  await ready();
  await fixture.take(`${table.name}.invalid`);
});

test('the queue is deleted and declared again: the consumer is rebuilt', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await ready();
  await fixture.channel.deleteQueue(table.name);
  await eventually(() => {
    expect(service.participant.problems()).toHaveProperty('consumer');
  });
  await fixture.declare();
  await ready();
  const ids = orders(10);
  await fixture.publish(ids);
  await answered(ids);
});

/** Connects to the real broker, and changes channels in ways that no broker does on demand. */
const withChannels =
  (change: (channel: Channel) => void): Connect =>
  async (url, options) => {
    const connection = await connect(url, options);
    const createChannel = connection.createChannel.bind(connection);
    connection.createChannel = async () => {
      const channel = await createChannel();
      change(channel);
      return channel;
    };
    return connection;
  };

test('a consumer that the broker has forgotten without a word is rebuilt', async () => {
  // As after the process of a quorum queue has died: the channel is open, and the consumer is forgotten.
  let forgotten = 0;
  const forgetful = withChannels((channel) => {
    const consume = channel.consume.bind(channel);
    channel.consume = (queue, onMessage, asked) => {
      if (queue !== table.name || forgotten > 0) return consume(queue, onMessage, asked);
      forgotten += 1;
      return Promise.resolve({ consumerTag: '' });
    };
  });
  service = startFake(fixture.brokerUrl, fixture.database.url, { connect: forgetful });
  await ready();
  expect(forgotten).toBe(1);
  const ids = orders(10);
  await fixture.publish(ids);
  await answered(ids);
  await ready();
});

test('a broker that does not let a service ask for its consumer is asked no more, and the consumer stays', async () => {
  // As RabbitMQ 4.2.6 and 4.3.0, which require the permission to configure for a passive declaration.
  let asked = 0;
  let opened = 0;
  const strict = withChannels((channel) => {
    opened += 1;
    channel.checkQueue = async () => {
      asked += 1;
      await channel.close();
      throw Object.assign(new Error('403 (ACCESS_REFUSED)'), { code: 403 });
    };
  });
  service = startFake(fixture.brokerUrl, fixture.database.url, { connect: strict });
  await ready();
  const consumers = opened;
  await eventually(() => {
    expect(asked).toBe(consumers);
    return Promise.resolve();
  });
  const ids = orders(10);
  await fixture.publish(ids);
  await answered(ids);
  expect(service.participant.problems()).toEqual({});
  expect(asked).toBe(consumers);
  expect(opened).toBe(2 * consumers);
});

test('what nobody is bound to stays in the outbox, and goes out when somebody is', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await ready();
  await fixture.channel.unbindQueue('order-service', exchangeOf('PaymentVoided'), 'PaymentVoided');
  const ids = orders(10);
  await fixture.publish(ids);
  await eventually(async () => {
    expect(await service.counted('outbox_published_total', { result: 'returned' })).toBe(10);
  });
  const { rows } = await service.pool.query('SELECT id FROM outbox');
  expect(rows).toHaveLength(10);
  await fixture.channel.bindQueue('order-service', exchangeOf('PaymentVoided'), 'PaymentVoided');
  await answered(ids);
  await eventually(async () => {
    expect((await service.pool.query('SELECT id FROM outbox')).rows).toEqual([]);
  });
  expect(fixture.received()).toHaveLength(10);
});

test('what a full queue refuses stays in the outbox, and goes out when the limit is lifted', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await ready();
  const { management, name } = fixture.host;
  const arguments_ = { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish' };
  await fixture.channel.assertQueue('full', { durable: true, arguments: arguments_ });
  await fixture.channel.bindQueue('full', exchangeOf('PaymentVoided'), 'PaymentVoided');
  const definition = { pattern: '^full$', definition: { 'max-length': 1 }, 'apply-to': 'queues' };
  await management.request('PUT', `policies/${name}/tiny`, definition);
  const ids: string[] = [];
  await eventually(async () => {
    const more = orders(5);
    ids.push(...more);
    await fixture.publish(more);
    expect(await service.counted('outbox_published_total', { result: 'refused' })).toBeGreaterThan(0);
  });
  await management.request('DELETE', `policies/${name}/tiny`);
  await eventually(async () => {
    expect((await service.pool.query('SELECT id FROM outbox')).rows).toEqual([]);
  }, 60_000);
  await answered(ids);
  expect(await fixture.ready('full')).toBeGreaterThanOrEqual(ids.length);
});

test('a broker that is not there yet is waited for', async () => {
  const proxy = await startTcpProxy(fixture.brokerUrl);
  await proxy.cut();
  service = startFake(proxy.through(fixture.brokerUrl), fixture.database.url);
  await eventually(() => {
    expect(service.participant.problems()).toMatchObject({
      consumer: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
  await proxy.resume();
  const ids = orders(10);
  await fixture.publish(ids);
  await answered(ids);
  await service.stop();
  await proxy.close();
  service = startFake(fixture.brokerUrl, fixture.database.url);
});

test('a channel that is given up as soon as it is open is not opened at full speed', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  let opened = 0;
  const link = superviseLink({
    url: fixture.brokerUrl,
    connectionName: 'test',
    log: pino({ level: 'silent' }),
    createChannel: (connection) => connection.createChannel(),
    onOpen: ({ abandon }) => {
      opened += 1;
      setTimeout(abandon, 10, 'no use');
    },
    onClosed: () => undefined,
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await link.stop();
  expect(opened).toBeGreaterThan(1);
  expect(opened).toBeLessThanOrEqual(15);
});
