/** The parking queues on a real broker: listing, replaying and discarding. */
import { connect, type ChannelModel, type ConfirmChannel, type GetMessage, type Options } from 'amqplib';
import { topology } from '../services';
import { createTestVirtualHost, type TestVirtualHost } from '@quadrille/test-kit';
import { parkedMessage, parkedTable } from './format';
import { openParkingLot, type ParkingLot } from './parking-lot';

let host: TestVirtualHost;
let connection: ChannelModel;
let channel: ConfirmChannel;
let lot: ParkingLot;
const forgotten: string[] = [];

beforeAll(async () => {
  host = await createTestVirtualHost(topology);
  connection = await connect(host.adminUrl);
  channel = await connection.createConfirmChannel();
  lot = await openParkingLot(host.adminUrl, (service, messageId) => {
    forgotten.push(`${service} ${messageId}`);
    return Promise.resolve();
  });
});
afterAll(async () => {
  await lot.close();
  await connection.close();
  await host.remove();
});
afterEach(async () => {
  forgotten.length = 0;
  for (const { name } of topology.queues) await channel.purgeQueue(name);
});

/** Parks a message as a service does. */
async function park(queue: string, messageId: string, headers: object, options: Options.Publish = {}, body = '{}') {
  channel.sendToQueue(queue, Buffer.from(body), {
    messageId,
    persistent: true,
    timestamp: 1_790_000_000,
    correlationId: 'order-1',
    type: 'PaymentFailed',
    headers: { 'x-reason': 'HANDLER_FAILED: no such column', 'x-original-exchange': 'payment.events', ...headers },
    ...options,
  });
  await channel.waitForConfirms();
}

async function take(queue: string): Promise<GetMessage> {
  const message = await channel.get(queue, { noAck: true });
  if (message === false) throw new Error(`${queue} is empty`);
  return message;
}

const idsIn = async (queue: string): Promise<string[]> => {
  const ids: string[] = [];
  for (let raw = await channel.get(queue, { noAck: true }); raw; raw = await channel.get(queue, { noAck: true }))
    ids.push(String(raw.properties.messageId));
  return ids;
};

/** The headers of a delivery without the count that the broker adds to it. */
const headersOf = ({ properties }: GetMessage) => {
  const headers = new Map<string, unknown>(Object.entries(properties.headers ?? {}));
  expect(headers.get('x-delivery-count') ?? 0).toBe(0);
  headers.delete('x-delivery-count');
  return Object.fromEntries(headers);
};

test('looking thirty times changes neither what is there nor its order', async () => {
  const ids = ['m1', 'm2', 'm3', 'm4', 'm5'];
  for (const id of ids) await park('order-service.dead-letter', id, {});
  for (let look = 0; look < 30; look++) {
    expect((await lot.list({ service: 'order-service' })).map(({ messageId }) => messageId)).toEqual(ids);
  }
  expect(await idsIn('order-service.dead-letter')).toEqual(ids);
});

test('messages are chosen by service, queue, event, reason, order and id', async () => {
  await park('order-service.dead-letter', 'm1', {});
  await park('order-service.invalid', 'm2', { 'x-reason': 'UNKNOWN_VERSION: 2' }, { type: 'InventoryReserved' });
  await park('payment-service.invalid', 'm3', { 'x-reason': 'NOT_JSON: broken' }, { correlationId: 'order-2' });
  const chosen = async (selection: Parameters<ParkingLot['list']>[0]) =>
    (await lot.list(selection)).map(({ messageId }) => messageId).sort();
  expect(await chosen({})).toEqual(['m1', 'm2', 'm3']);
  expect(await chosen({ service: 'order-service' })).toEqual(['m1', 'm2']);
  expect(await chosen({ queue: 'invalid' })).toEqual(['m2', 'm3']);
  expect(await chosen({ event: 'InventoryReserved' })).toEqual(['m2']);
  expect(await chosen({ reason: 'not_json' })).toEqual(['m3']);
  expect(await chosen({ order: 'order-2' })).toEqual(['m3']);
  expect(await chosen({ id: 'm1' })).toEqual(['m1']);
  expect(await chosen({ id: 'm1', queue: 'invalid' })).toEqual([]);
});

test('a replay reaches the service that failed, alone, with its history and without what the broker added', async () => {
  // As the broker dead-letters it for a service that had parked it before.
  const death = [{ reason: 'rejected', queue: 'order-service', exchange: 'x', count: 1, 'routing-keys': ['y'] }];
  await park('order-service.dead-letter', 'm1', { 'x-death': death, 'x-delivery-count': 7, CC: ['payment-service'] });
  await park('order-service.dead-letter', 'm2', {});
  await take('payment-service'); // the copy that CC sent there, which a replay must not send again
  const { done, failed } = await lot.replay({ id: 'm1' });
  expect([done.length, failed.length]).toEqual([1, 0]);
  const taken = await take('order-service.low-priority');
  const { properties, content, fields } = taken;
  expect(fields.exchange).toBe('');
  expect(content.toString()).toBe('{}');
  expect(properties).toMatchObject({
    messageId: 'm1',
    type: 'PaymentFailed',
    correlationId: 'order-1',
    deliveryMode: 2,
  });
  expect(headersOf(taken)).toEqual({
    'x-reason': 'HANDLER_FAILED: no such column',
    'x-original-exchange': 'payment.events',
    'x-replays': 1,
    'x-history': [
      '2026-09-21T14:13:20.000Z parked in dead-letter, from payment.events: HANDLER_FAILED: no such column',
      expect.stringMatching(/^\d{4}-.*Z replayed$/),
    ],
  });
  expect(forgotten).toEqual(['order m1']);
  expect(await idsIn('order-service.dead-letter')).toEqual(['m2']);
  expect(await idsIn('payment-service')).toEqual([]);
});

test('a timer goes back through its control exchange, where its service knows it for one', async () => {
  const origin = { 'x-original-exchange': 'payment-service.control', 'x-original-routing-key': 'retry' };
  await park('payment-service.dead-letter', 'm1', origin, { type: 'unknown' });
  expect((await lot.list({})).map(({ event }) => event)).toEqual(['retry']);
  await lot.replay({ service: 'payment-service' });
  const { fields } = await take('payment-service.low-priority');
  expect([fields.exchange, fields.routingKey]).toEqual(['payment-service.control', 'retry']);
});

test('what cannot be replayed stays', async () => {
  // order-service has no timers, so the replay cannot be routed.
  await park('order-service.invalid', 'm1', { 'x-original-exchange': 'order-service.control' });
  const { done, failed } = await lot.replay({ id: 'm1' });
  expect(done).toEqual([]);
  expect(failed.map(({ why }) => why)).toEqual(['nobody takes retry at exchange order-service.control']);
  expect(await idsIn('order-service.invalid')).toEqual(['m1']);
});

test('a message that the broker gave up tells why, and is replayed', async () => {
  const { queue } = await channel.assertQueue('', {
    exclusive: true,
    deadLetterExchange: 'payment-service.control',
    deadLetterRoutingKey: 'dead-letter',
    messageTtl: 1,
  });
  channel.sendToQueue(queue, Buffer.from('{}'), { messageId: 'm1', type: 'InventoryReserved' });
  await channel.waitForConfirms();
  for (;;) {
    const [parked] = await lot.list({});
    if (!parked) continue;
    expect(parked).toMatchObject({ reason: 'expired', event: 'InventoryReserved', replays: 0 });
    expect(parked.since).toBeInstanceOf(Date);
    break;
  }
  await lot.replay({ id: 'm1' });
  expect(Object.keys(headersOf(await take('payment-service.low-priority'))).sort()).toEqual(['x-history', 'x-replays']);
});

test('copies of one message are all there, also when they were replayed', async () => {
  for (let copy = 0; copy < 3; copy++) await park('order-service.dead-letter', 'm1', { 'x-replays': 1 });
  expect(await lot.list({})).toHaveLength(3);
  expect((await lot.discard({ id: 'm1' })).done).toHaveLength(3);
  expect(await idsIn('order-service.dead-letter')).toEqual([]);
});

test('discarding ends what is meant and nothing else', async () => {
  for (const id of ['m1', 'm2', 'm3']) await park('order-service.dead-letter', id, {});
  expect((await lot.discard({ id: 'm2' })).done.map(({ messageId }) => messageId)).toEqual(['m2']);
  expect(await idsIn('order-service.dead-letter')).toEqual(['m1', 'm3']);
});

test('what a stranger wrote is shown without effect on the terminal, and never breaks the list', async () => {
  const hostile = { 'x-reason': 7, 'x-history': 'no list', 'x-replays': 'many', 'x-death': 'none' };
  await park(
    'order-service.invalid',
    'no \u001b[31mid',
    hostile,
    { correlationId: 'a\u001b]0;b', timestamp: 2 ** 53 },
    '\u00ff\u001b[2J',
  );
  channel.sendToQueue('order-service.invalid', Buffer.from([0xff, 0xfe, 0x00]));
  await channel.waitForConfirms();
  const found = await lot.list({});
  expect(found).toHaveLength(2);
  const lines = [...parkedTable(found), ...found.flatMap(parkedMessage)].join('\n');
  expect(lines).not.toMatch(/[^\P{Cc}\n]/u);
});
