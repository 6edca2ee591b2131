/**
 * What a broker does that is short of memory: asked of RabbitMQ and of the simulation's broker. RabbitMQ blocks all its
 * clients at once, so this one is private to the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { eventually } from '@quadrille/test-kit';
import { declareTopology } from '@quadrille/operator/src/topology/declare';
import { connectManagement } from '@quadrille/operator/src/topology/management';
import { startPrivateServers } from '@quadrille/operator/src/servers/private-servers';
import { topology } from '@quadrille/operator/src/services';
import { openSimulatedBroker, publish } from './brokers';

interface BlockableBroker {
  connect(): Promise<ChannelModel>;
  block(blocked: boolean): Promise<void>;
  close(): Promise<void>;
}

/** The user and the virtual host of a private broker. */
const NAME = 'quadrille';

/** A broker of one's own takes seconds to start, on a busy machine many of them. */
const STARTED_WITHIN_MS = 120_000;

async function openRabbit(): Promise<BlockableBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'quadrille-blocked-'));
  const servers = await startPrivateServers({ folder, purpose: 'tests', postgres: false, broker: true, ports: {} });
  const { broker } = servers;
  if (!broker) throw new Error('there is no broker');
  const password = servers.passwordOf('rabbitmq');
  const management = connectManagement({ url: broker.managementUrl, user: NAME, password });
  await declareTopology(management, topology, { virtualHost: NAME, userPrefix: 'laws.' }, () => password);
  const connections: ChannelModel[] = [];
  return {
    connect: async () => {
      const connection = await connect(broker.url);
      connections.push(connection);
      return connection;
    },
    block: async (blocked) => {
      await broker.control('set_vm_memory_high_watermark', blocked ? '0.00001' : '0.4');
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close().catch(() => undefined)));
      await broker.stop();
      servers.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const brokers: Readonly<Record<string, () => Promise<BlockableBroker>>> = {
  RabbitMQ: openRabbit,
  'the simulation': () => Promise.resolve(openSimulatedBroker()),
};

let broker: BlockableBroker | undefined;
afterEach(() => broker?.close());

it.each(Object.entries(brokers))(
  'in %s, who publishes while memory is short is told so, and the rest waits until it is not',
  async (_name, open) => {
    broker = await open();
    const connection = await broker.connect();
    const channel = await connection.createConfirmChannel();
    const said: string[] = [];
    const say = (id: string) => publish(channel, id).then((how) => said.push(`${id} ${how}`));
    connection.on('blocked', () => said.push('blocked'));
    connection.on('unblocked', () => said.push('unblocked'));
    await say('1');
    await broker.block(true);
    const waiting = [say('2'), say('3')];
    await eventually(() => {
      expect(said).toEqual(['1 confirmed', 'blocked']);
    });
    // A client that publishes nothing is served as ever.
    const consumer = await (await broker.connect()).createChannel();
    const got: string[] = [];
    const take = (message: ConsumeMessage | null) => {
      if (!message) return;
      got.push(message.content.toString());
      consumer.ack(message);
    };
    await consumer.consume('inventory-service', take, { consumerTag: 'laws' });
    await eventually(() => {
      expect(got).toEqual(['1']);
    });
    expect(said).toHaveLength(2);
    await broker.block(false);
    await Promise.all(waiting);
    await eventually(() => {
      expect(said.slice(2).sort()).toEqual(['2 confirmed', '3 confirmed', 'unblocked']);
      expect(got).toEqual(['1', '2', '3']);
    });
  },
  STARTED_WITHIN_MS,
);
