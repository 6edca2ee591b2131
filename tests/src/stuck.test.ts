/** An order that waits beyond its time is found, explained and counted, and no longer after it has healed. */
import { connect } from 'amqplib';
import { findStuck, stuckReport } from '@quadrille/operator/src/stuck/stuck';
import { eventually } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** When an order begins to heal, in milliseconds: short, so that it is beyond its time within a second. */
const HEALING_AFTER_MS = 500;

/**
 * How long healing may take, in milliseconds: counts are read every five seconds, and a saga heals after some pauses.
 */
const HEALED_WITHIN_MS = 30_000;

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem({ HEALING_AFTER_MS: String(HEALING_AFTER_MS) });
});
afterAll(() => system.stop());

const stuck = () => findStuck({ databases: system.databases, amqp: system.virtualHost.adminUrl });
const metric = async (service: 'order' | 'inventory', name: string) => {
  const text = await (await fetch(`${system.urls[service]}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
};

it('an order whose payment-service is down', async () => {
  expect(await stuck()).toEqual([]);
  await system.services.payment.stop();
  const { order_id } = await system.shop.place({
    customer_id: 'ivan',
    items: [{ product_id: 'acorn-sticker', quantity: 1 }],
    payment_method: 'tok_success',
  });
  const found = await eventually(async () => {
    const [first] = await stuck();
    if (!first?.inTheWay.some((each) => each.includes('does not consume'))) throw new Error('not found yet');
    return first;
  });
  expect(found).toMatchObject({ orderId: order_id, status: 'PENDING' });
  expect(found.waitsFor).toBe('payment-service, to hear InventoryReserved');
  expect(found.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(found.heals.join('\n')).toMatch(/order-service asks again \(nudge \d+\), (at|due)/);
  expect(found.heals.join('\n')).toMatch(/inventory-service asks again[^]*its deadline: CANCELLED, at/);
  expect(stuckReport([found]).join('\n')).toContain(`${order_id}  PENDING, nothing has changed for`);
  await eventually(async () => {
    expect(await metric('order', 'orders_unsettled_overdue')).toEqual([
      'orders_unsettled_overdue{status="PENDING",service="order-service"} 1',
    ]);
    expect(await metric('inventory', 'reservations_overdue')).toEqual([
      'reservations_overdue{status="RESERVED",service="inventory-service"} 1',
    ]);
  });

  const connection = await connect(system.virtualHost.adminUrl);
  const channel = await connection.createConfirmChannel();
  const parked = { correlationId: order_id, type: 'InventoryReserved', headers: { 'x-reason': 'HANDLER_FAILED: odd' } };
  channel.sendToQueue('payment-service.dead-letter', Buffer.from('{}'), parked);
  await channel.waitForConfirms();
  const [withParked] = await stuck();
  expect(withParked?.inTheWay[0]).toBe(
    `InventoryReserved is parked in payment-service.dead-letter: HANDLER_FAILED: odd\nnpm run dead-letters -- replay --order ${order_id}`,
  );
  await channel.purgeQueue('payment-service.dead-letter');
  await connection.close();

  await system.services.payment.start();
  expect(await system.shop.settled(order_id)).toMatchObject({ status: 'CONFIRMED' });
  await eventually(async () => {
    expect(await stuck()).toEqual([]);
    expect(await metric('order', 'orders_unsettled_overdue')).toEqual([]);
  }, HEALED_WITHIN_MS);
  expect((await system.verify()).breaches).toEqual([]);
});
