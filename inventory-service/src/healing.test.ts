/**
 * What inventory-service does when a message was lost: it says again what it has said, by itself and when asked again.
 */
import { envelop, type DomainEvent } from '@quadrille/shared-events';
import { eventually, startServiceUnderTest, type ServiceUnderTest } from '@quadrille/test-kit';
import { createApp } from './app';
import { configSchema } from './config';

let inventory: ServiceUnderTest;

beforeAll(async () => {
  inventory = await startServiceUnderTest({
    name: 'inventory-service',
    configSchema,
    createApp,
    environment: { HEALING_AFTER_MS: '300' },
  });
});
afterAll(() => inventory.stop());

const who = { orderId: 'order-1', customerId: 'c' };
const stamp = (id: string) => ({ id, time: new Date().toISOString() });

/** What order-service was told, oldest first; a look takes all that waits, so what comes with it is kept. */
const heard: DomainEvent[] = [];
const listen = async () => {
  heard.push(...(await inventory.take('order-service')));
  return heard.map(({ type }) => type);
};

test('a reservation nobody answers is announced again; one that is over answers when it is asked again', async () => {
  const line = { productId: 'acorn-sticker', quantity: 1, unitPriceMinor: null };
  const created = envelop(
    'OrderCreated',
    { ...who, items: [line], currency: 'USD', paymentMethod: 'tok_visa' },
    stamp('message-1'),
  );
  await inventory.publish(created);
  await eventually(async () => {
    await listen();
    expect(heard.length).toBeGreaterThanOrEqual(2);
  });
  const [first, again] = heard;
  expect(again).toMatchObject({ type: 'InventoryReserved', data: first?.data });
  expect(again?.id).not.toBe(first?.id);

  const failed = envelop('PaymentFailed', { ...who, attempts: 1, reason: 'DECLINED' }, stamp('message-2'));
  await inventory.publish(failed);
  await eventually(async () => {
    expect(await listen()).toContain('InventoryReleased');
  });
  // It answers once its row is old enough, so the question is put again and again.
  heard.length = 0;
  await eventually(async () => {
    await inventory.publish(created);
    expect(await listen()).toContain('InventoryReleased');
  });
  const { body } = await inventory.request('GET', '/inventory/acorn-sticker');
  expect(body).toMatchObject({ quantity_available: 1_000_000, quantity_reserved: 0, quantity_committed: 0 });
});
