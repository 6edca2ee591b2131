/**
 * A parked message is replayed when its cause is gone: its order ends well, or the message is parked again with its
 * history.
 */
import { Client } from 'pg';
import { openParkingLot, type ParkingLot } from '@quadrille/operator/src/dead-letters/parking-lot';
import { envelop } from '@quadrille/shared-events';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { eventually } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

let system: TestSystem;
let lot: ParkingLot;
let inventory: Client;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  system = await startTestSystem();
  inventory = new Client({ connectionString: system.databases.inventory });
  await inventory.connect();
  connection = await connect(system.virtualHost.adminUrl);
  channel = await connection.createConfirmChannel();
  lot = await openParkingLot(system.virtualHost.adminUrl, async (service, messageId) => {
    expect(service).toBe('inventory');
    await inventory.query('DELETE FROM delivery_attempt WHERE message_id = $1', [messageId]);
  });
});
afterAll(async () => {
  await lot.close();
  await connection.close();
  await inventory.end();
  await system.stop();
});

const place = () =>
  system.shop.place({
    customer_id: 'grace',
    items: [{ product_id: 'acorn-sticker', quantity: 1 }],
    payment_method: 'tok_success',
  });

const parkedOf = async (order: string, times: number) => {
  const [parked] = await lot.list({ order, service: 'inventory-service' });
  if (parked?.replays !== times) throw new Error(`${order} is not parked after ${String(times)} replays`);
  return parked;
};

it('an event that could not be handled is handled when its service was mended', async () => {
  await inventory.query('ALTER TABLE product RENAME COLUMN reserved TO renamed');
  const { order_id } = await place();
  const first = await eventually(() => parkedOf(order_id, 0));
  expect(first).toMatchObject({ queue: 'dead-letter', event: 'OrderCreated' });
  expect(first.reason).toMatch(/^HANDLER_FAILED: column "reserved" does not exist/);

  expect((await lot.replay({ id: first.messageId })).done).toHaveLength(1);
  const second = await eventually(() => parkedOf(order_id, 1));
  expect(second.messageId).toBe(first.messageId);
  expect(second.history).toEqual([
    expect.stringMatching(/parked in dead-letter, from order.events: HANDLER_FAILED/),
    expect.stringMatching(/ replayed$/),
  ]);

  await inventory.query('ALTER TABLE product RENAME COLUMN renamed TO reserved');
  // With the full count of deaths, the message would be parked again.
  await inventory.query('INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, 3)', [first.messageId]);
  await lot.replay({ order: order_id });
  expect(await system.shop.settled(order_id)).toMatchObject({ status: 'CONFIRMED' });
  const { rows } = await inventory.query('SELECT FROM delivery_attempt WHERE message_id = $1', [first.messageId]);
  expect(rows).toEqual([]);
});

it('an event that an older release could not read is read by this one', async () => {
  const { shop, services } = system;
  await services.inventory.stop();
  const { order_id } = await place();
  // Does what a release does that does not know the event's version: takes it, parks it, and only then acknowledges it.
  const event = await eventually(async () => {
    const message = await channel.get('inventory-service');
    if (message === false) throw new Error('nothing is there yet');
    return message;
  });
  channel.publish('inventory-service.control', 'invalid', event.content, {
    messageId: `for ${order_id}`,
    type: 'OrderCreated',
    correlationId: order_id,
    persistent: true,
    headers: { 'x-reason': 'UNKNOWN_VERSION: schemaversion', 'x-original-exchange': 'order.events' },
  });
  await channel.waitForConfirms();
  channel.ack(event);
  await services.inventory.start();
  expect(await shop.order(order_id)).toMatchObject({ status: 'PENDING' });

  expect((await lot.replay({ queue: 'invalid', event: 'OrderCreated' })).done).toHaveLength(1);
  expect(await shop.settled(order_id)).toMatchObject({ status: 'CONFIRMED' });
});

it('a replay long after its order is over changes nothing, and every invariant holds', async () => {
  const { shop, services } = system;
  const { order_id: orderId } = await place();
  await shop.settled(orderId);
  await shop.cancel(orderId);
  const settled = await shop.settled(orderId);
  const data = {
    ...{ orderId, customerId: 'grace', currency: 'USD', paymentMethod: 'tok_success' },
    items: [{ productId: 'acorn-sticker', quantity: 1, unitPriceMinor: null }],
  };
  const event = envelop('OrderCreated', data, { id: 'late', time: '2026-01-01T00:00:00.000Z' });
  channel.sendToQueue('inventory-service.dead-letter', Buffer.from(JSON.stringify(event)), { messageId: 'late' });
  await channel.waitForConfirms();
  await lot.replay({ id: 'late' });
  await eventually(() => {
    expect(services.inventory.handled()).toContain('late');
  });
  expect(await shop.order(orderId)).toMatchObject({ status: settled.status, settled: true });
  expect((await system.verify()).breaches).toEqual([]);
});
