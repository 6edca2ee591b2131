/** The two brokers that the conformance tests are run on: RabbitMQ, and the simulation's broker. */
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Management } from '@quadrille/operator/src/topology/management';
import { topology } from '@quadrille/operator/src/services';
import { createTestVirtualHost } from '@quadrille/test-kit';
import { createQueues } from '../broker/broker';
import { createBrokerServer } from '../broker/server';
import { createRandom } from '../engine/random';
import { createScheduler, type Owner } from '../engine/scheduler';
import { runInRealTime } from './real-time';

/** A broker of one test. */
export interface BrokerUnderTest {
  connect(): Promise<ChannelModel>;
  /** Refuses what is published from now on, or takes it again. */
  refuse(refused: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A queue that holds one message and refuses every other one. */
const FULL_QUEUE = 'full';

/** Makes the broker refuse events: a queue that is full is bound to them. */
async function refuseIn(management: Management, host: string, refused: boolean): Promise<void> {
  const queue = `queues/${host}/${FULL_QUEUE}`;
  if (!refused) {
    await management.request('DELETE', queue);
    return;
  }
  const limits = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await management.request('PUT', queue, { durable: true, arguments: limits });
  await management.request('POST', `exchanges/${host}/amq.default/publish`, {
    properties: {},
    routing_key: FULL_QUEUE,
    payload: 'the one that it holds',
    payload_encoding: 'string',
  });
  await management.request('POST', `bindings/${host}/e/order.events/q/${FULL_QUEUE}`, { routing_key: 'OrderCreated' });
}

async function openRabbit(): Promise<BrokerUnderTest> {
  const host = await createTestVirtualHost(topology);
  const connections: ChannelModel[] = [];
  return {
    connect: async () => {
      const connection = await connect(host.adminUrl);
      connections.push(connection);
      return connection;
    },
    refuse: (refused) => refuseIn(host.management, host.name, refused),
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close().catch(() => undefined)));
      await host.remove();
    },
  };
}

/** The simulation's broker, running along with the real clock. */
export function openSimulatedBroker(): BrokerUnderTest & { block(blocked: boolean): Promise<void> } {
  const scheduler = createScheduler();
  const owner: Owner = { name: 'laws', alive: true };
  const random = createRandom('laws');
  let refusing = false;
  const faults = { carry: () => undefined, refuses: () => refusing, isBound: () => true };
  const broker = createBrokerServer({
    scheduler,
    random,
    queues: createQueues({ topology, scheduler, random, faults }),
    witness: {
      published: () => undefined,
      delivered: () => undefined,
      acknowledged: () => undefined,
      leaving: () => undefined,
    },
  });
  return {
    connect: () => broker.connect(owner, {}),
    refuse: (refused) => {
      refusing = refused;
      return Promise.resolve();
    },
    block: (blocked) => {
      broker.setAlarm(blocked);
      return Promise.resolve();
    },
    close: runInRealTime(scheduler),
  };
}

/** By name, how to open each. */
export const brokersUnderTest: Readonly<Record<string, () => Promise<BrokerUnderTest>>> = {
  RabbitMQ: openRabbit,
  'the simulation': () => Promise.resolve(openSimulatedBroker()),
};

/** Publishes to the queue of inventory-service unless told otherwise; resolves with how it ended. */
export const publish = (
  channel: ConfirmChannel,
  id: string,
  routingKey = 'OrderCreated',
  exchange = 'order.events',
): Promise<string> =>
  new Promise((resolve) => {
    channel.publish(exchange, routingKey, Buffer.from(id), { mandatory: true, messageId: id }, (error: unknown) => {
      resolve(error ? 'refused' : 'confirmed');
    });
  });
