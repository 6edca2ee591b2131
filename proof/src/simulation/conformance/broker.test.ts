/**
 * What the services rely on, asked of RabbitMQ and of the simulation's broker through
 * amqplib's own interface. Both must do the same.
 */
import type { ConsumeMessage, Message } from 'amqplib';
import { eventually } from '@quadrille/test-kit';
import { brokersUnderTest, publish, type BrokerUnderTest } from './brokers';

const textOf = ({ content }: Message) => content.toString();

/** Opens a broker of this name for each test, and closes it afterwards. */
function brokerPerTest(name: string) {
  let broker: BrokerUnderTest;
  beforeEach(async () => {
    broker = await (brokersUnderTest[name]?.() ?? Promise.reject(new Error(name)));
  });
  afterEach(() => broker.close());

  /** A channel that collects what its queue delivers. */
  const consume = async (queue: string, prefetch: number) => {
    const connection = await broker.connect();
    const channel = await connection.createChannel();
    const got: ConsumeMessage[] = [];
    await channel.prefetch(prefetch);
    await channel.consume(
      queue,
      (message) => {
        if (message) got.push(message);
      },
      { consumerTag: `laws-${String(prefetch)}` },
    );
    const received = (texts: readonly string[]) =>
      eventually(() => {
        expect(got.map(textOf)).toEqual(texts);
      });
    return { connection, channel, got, received };
  };
  const publisher = async () => (await broker.connect()).createConfirmChannel();
  const refuse = (refused: boolean) => broker.refuse(refused);
  return { consume, publisher, refuse };
}

describe.each(Object.keys(brokersUnderTest))('in %s', (name) => {
  const { consume, publisher, refuse } = brokerPerTest(name);

  it('confirms what it has, delivers it in order, and says how it came', async () => {
    const channel = await publisher();
    expect(await Promise.all(['1', '2', '3'].map((id) => publish(channel, id)))).toEqual(Array(3).fill('confirmed'));
    const { received, got } = await consume('inventory-service', 10);
    await received(['1', '2', '3']);
    expect(got[0]).toMatchObject({
      fields: { redelivered: false, exchange: 'order.events', routingKey: 'OrderCreated' },
      properties: { messageId: '1' },
    });
  });

  it('returns what nobody is bound to, before it confirms it', async () => {
    const channel = await publisher();
    const said: string[] = [];
    channel.on('return', ({ properties }: Message) => said.push(`returned ${String(properties.messageId)}`));
    said.push(await publish(channel, '1', 'NobodyHears'));
    expect(said).toEqual(['returned 1', 'confirmed']);
  });

  it('says so when it refuses a message, one by one, and the channel is as good as before', async () => {
    const channel = await publisher();
    const { received } = await consume('payment-service', 10);
    expect(await publish(channel, '1')).toBe('confirmed');
    await refuse(true);
    expect(await Promise.all([publish(channel, '2'), publish(channel, '3')])).toEqual(['refused', 'refused']);
    await refuse(false);
    expect(await publish(channel, '4')).toBe('confirmed');
    expect(await publish(channel, '5', 'InventoryReserved', 'inventory.events')).toBe('confirmed');
    await received(['5']);
  });

  it('gives no more than the prefetch, and goes on after an acknowledgement of all up to one', async () => {
    const channel = await publisher();
    for (const id of ['1', '2', '3', '4', '5']) await publish(channel, id);
    const consumer = await consume('inventory-service', 3);
    await consumer.received(['1', '2', '3']);
    const second = consumer.got[1];
    if (!second) throw new Error('there is no second message');
    consumer.channel.ack(second, true);
    await consumer.received(['1', '2', '3', '4', '5']);
  });

  it('delivers again what was not acknowledged when its connection ended, before what came later, and says so', async () => {
    const channel = await publisher();
    for (const id of ['1', '2', '3', '4']) await publish(channel, id);
    const first = await consume('inventory-service', 3);
    await first.received(['1', '2', '3']);
    const acknowledged = first.got[0];
    if (!acknowledged) throw new Error('there is no first message');
    first.channel.ack(acknowledged, true);
    await first.received(['1', '2', '3', '4']);
    await first.channel.close();
    await first.connection.close();
    const next = await consume('inventory-service', 10);
    await next.received(['2', '3', '4']);
    expect(next.got.map(({ fields }) => fields.redelivered)).toEqual([true, true, true]);
    expect(next.got[0]?.properties.headers).toMatchObject({ 'x-delivery-count': 1 });
  });
});

describe.each(Object.keys(brokersUnderTest))('in %s', (name) => {
  const { consume, publisher } = brokerPerTest(name);

  it('holds a message in a delay queue for its time, and then gives it to the service as its own', async () => {
    const channel = await publisher();
    const { received, got } = await consume('payment-service.low-priority', 10);
    const sentMs = performance.now();
    expect(await publish(channel, '1', 'retry.1s', 'payment-service.control')).toBe('confirmed');
    await received(['1']);
    expect(performance.now() - sentMs).toBeGreaterThan(950);
    expect(got[0]?.fields).toMatchObject({ exchange: 'payment-service.control', redelivered: false });
  });

  it('a channel that is closed takes nothing any more', async () => {
    const channel = await publisher();
    await channel.close();
    await expect(publish(channel, '1')).rejects.toThrow(/closed/i);
  });

  it('says how many consumers a queue has', async () => {
    const asking = await publisher();
    const consumers = async () => (await asking.checkQueue('inventory-service')).consumerCount;
    expect(await consumers()).toBe(0);
    const { channel } = await consume('inventory-service', 1);
    await eventually(async () => {
      expect(await consumers()).toBe(1);
    });
    await channel.close();
    await eventually(async () => {
      expect(await consumers()).toBe(0);
    });
  });

  it('shares a queue among its consumers, each message once', async () => {
    const channel = await publisher();
    const [one, other] = [await consume('inventory-service', 2), await consume('inventory-service', 3)];
    for (const id of ['1', '2', '3', '4', '5']) await publish(channel, id);
    await eventually(() => {
      expect([...one.got, ...other.got].map(textOf).sort()).toEqual(['1', '2', '3', '4', '5']);
    });
    expect([one.got.length, other.got.length]).toEqual([2, 3]);
  });
});
