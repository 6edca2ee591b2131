/**
 * What surrounds the fake service: a virtual host and a database of its own, and its neighbours' side of the broker.
 */
import { randomUUID } from 'node:crypto';
import {
  createTestDatabase,
  createTestVirtualHost,
  eventually,
  type TestDatabase,
  testServers,
  type TestVirtualHost,
} from '@quadrille/test-kit';
import {
  envelop,
  exchangeOf,
  parseEvent,
  type DomainEvent,
  type EventData,
  type EventType,
} from '@quadrille/shared-events';
import { declareTopology } from '@quadrille/operator/src/topology/declare';
import { deriveTopology } from '@quadrille/operator/src/topology/topology';
import { connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { Client } from 'pg';
import { neighbour, prepare, table } from './fake-service';

/** One test's surroundings. */
export interface Fixture {
  readonly host: TestVirtualHost;
  readonly database: TestDatabase;
  /** AMQP URL with the service's own user. */
  readonly brokerUrl: string;
  /** An administrator's channel. */
  readonly channel: ConfirmChannel;
  /** Publishes an OrderCompleted for each order; resolves when the broker has them. */
  publish(orderIds: readonly string[], customerId?: string): Promise<void>;
  /** Publishes any bytes to the service's queue. */
  publishBytes(payload: Buffer, properties?: { readonly messageId?: string; readonly type?: string }): Promise<void>;
  /** Resolves with the service's events when there is exactly one for each of these orders. */
  eventsFor(orderIds: readonly string[]): Promise<readonly DomainEvent[]>;
  /** All events that the neighbour has received so far. */
  received(): readonly DomainEvent[];
  /** Messages ready in a queue. */
  ready(queue: string): Promise<number>;
  /** Takes one message from a queue; fails when there is none. */
  take(queue: string): Promise<GetMessage>;
  /** Takes the only message in the service's queue and returns it, so that the service receives it as redelivered. */
  giveBack(): Promise<void>;
  /**
   * Closes the service's connections whose names end with `suffix`, through the management API; resolves with their
   * number.
   */
  closeConnections(suffix: string): Promise<number>;
  /** Declares the topology again, as an administrator does after something was deleted. */
  declare(): Promise<void>;
  /** Opens a session on the test database server, by default as an administrator. */
  administrator(url?: string): Promise<{ readonly client: Client; readonly end: () => Promise<void> }>;
  close(): Promise<void>;
}

/** Creates order ids that no other test uses. */
export const orders = (count: number): readonly string[] => Array.from({ length: count }, () => randomUUID());

/** The bytes of a new event. */
export const bytesOf = <Type extends EventType>(type: Type, data: EventData<Type>): Buffer =>
  Buffer.from(JSON.stringify(envelop(type, data, { id: randomUUID(), time: new Date().toISOString() })));

/** The bytes of an OrderCompleted. */
export const completed = (orderId: string, customerId = 'customer'): Buffer =>
  bytesOf('OrderCompleted', { orderId, customerId });

/** The bytes of an OrderCancelled, which may linger. */
export const cancelled = (orderId: string): Buffer =>
  bytesOf('OrderCancelled', { orderId, customerId: 'customer', reason: 'CUSTOMER_REQUEST' });

/** The neighbours' side of the broker: publishes to the service and collects what it publishes. */
const openNeighbour = async (
  channel: ConfirmChannel,
): Promise<Pick<Fixture, 'publish' | 'publishBytes' | 'eventsFor' | 'received'>> => {
  const heard: DomainEvent[] = [];
  await channel.consume(
    neighbour.name,
    (message) => {
      const parsed = message && parseEvent(message.content);
      if (parsed?.ok !== true) throw new Error(parsed?.error.reason ?? 'the consumer was cancelled');
      heard.push(parsed.event);
    },
    { noAck: true },
  );
  const send = (payload: Buffer, properties: { messageId?: string; type?: string }) => {
    channel.publish(exchangeOf('OrderCompleted'), 'OrderCompleted', payload, { persistent: true, ...properties });
  };
  return {
    publish: async (orderIds, customerId) => {
      for (const orderId of orderIds)
        send(completed(orderId, customerId), { messageId: randomUUID(), type: 'OrderCompleted' });
      await channel.waitForConfirms();
    },
    publishBytes: async (payload, properties = {}) => {
      send(payload, properties);
      await channel.waitForConfirms();
    },
    eventsFor: (orderIds) =>
      eventually(() => {
        // Checked first: describing how thousands of ids differ takes seconds in the service's own process.
        if (heard.length < orderIds.length)
          throw new Error(`${String(heard.length)} answers of ${String(orderIds.length)}`);
        expect(heard.map(({ subject }) => subject).sort()).toEqual([...orderIds].sort());
        return heard;
      }, 30_000),
    received: () => heard,
  };
};

const queuesThrough = (channel: ConfirmChannel): Pick<Fixture, 'ready' | 'take' | 'giveBack'> => ({
  ready: async (queue) => (await channel.checkQueue(queue)).messageCount,
  take: (queue) =>
    eventually(async () => {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) throw new Error(`${queue} is empty`);
      return message;
    }),
  giveBack: () =>
    eventually(async () => {
      const message = await channel.get(table.name);
      if (message === false) throw new Error('nothing waits for the service');
      channel.nack(message, false, true);
    }),
});

const closeConnections = async (host: TestVirtualHost, suffix: string): Promise<number> => {
  // The form of the management API's response, as far as it is used.
  const all = (await host.management.request('GET', `vhosts/${host.name}/connections`)) as readonly {
    name: string;
    client_properties?: { connection_name?: string };
  }[];
  const chosen = all.filter(({ client_properties: of }) => of?.connection_name?.endsWith(suffix) === true);
  for (const { name } of chosen) await host.management.request('DELETE', `connections/${encodeURIComponent(name)}`);
  return chosen.length;
};

/** Sets a fixture. */
export async function createFixture(): Promise<Fixture> {
  const topology = deriveTopology([neighbour, table]);
  const host = await createTestVirtualHost(topology);
  const database = await createTestDatabase('order-service');
  await prepare(database);
  const connection = await connect(host.adminUrl);
  const channel = await connection.createConfirmChannel();
  return {
    ...(await openNeighbour(channel)),
    ...queuesThrough(channel),
    host,
    database,
    channel,
    brokerUrl: host.urlOf(table.name),
    closeConnections: (suffix) => closeConnections(host, suffix),
    declare: async () => {
      const { management, name } = host;
      const administrator = management.access.password;
      await declareTopology(management, topology, { virtualHost: name, userPrefix: `${name}.` }, () => administrator);
    },
    administrator: async (url = testServers().databaseUrl) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return { client, end: () => client.end() };
    },
    close: async () => {
      await connection.close();
      await host.remove();
      await database.drop();
    },
  };
}
