/** inventory-service as its neighbours see it: over HTTP and through the broker. */
import { envelop, type EventData } from '@quadrille/shared-events';
import { eventually, startServiceUnderTest, type ServiceUnderTest } from '@quadrille/test-kit';
import { createApp } from './app';
import { configSchema } from './config';

let inventory: ServiceUnderTest;

beforeAll(async () => {
  inventory = await startServiceUnderTest({ name: 'inventory-service', configSchema, createApp });
});
afterAll(() => inventory.stop());

let messages = 0;
const stamp = () => ({ id: `message-${String(++messages)}`, time: new Date().toISOString() });
const orderCreated = (orderId: string, items: EventData<'OrderCreated'>['items']) =>
  envelop('OrderCreated', { orderId, customerId: 'c', items, currency: 'USD', paymentMethod: 'tok_visa' }, stamp());

const get = async (path: string) => (await inventory.request('GET', path)).body;
const heardByOrderService = (orderId: string) =>
  eventually(async () => {
    const events = await inventory.take('order-service');
    expect(events.map(({ subject }) => subject)).toContain(orderId);
    return events.filter(({ subject }) => subject === orderId);
  });

test('an order goes from reserved to committed to released, and its stock with it', async () => {
  await inventory.request('PUT', '/inventory/walk', { quantity_available: 10, price: '2.50' });
  const [line] = [{ productId: 'walk', quantity: 3, unitPriceMinor: null }];
  await inventory.publish(orderCreated('walk-1', [line]));
  expect(await heardByOrderService('walk-1')).toMatchObject([
    {
      type: 'InventoryReserved',
      source: '/quadrille/inventory-service',
      data: { items: [{ productId: 'walk', quantity: 3, unitPriceMinor: 250 }], totalMinor: 750, currency: 'USD' },
    },
  ]);
  expect(await get('/reservations/walk-1')).toMatchObject({
    order_id: 'walk-1',
    status: 'RESERVED',
    reason: null,
    items: [{ product_id: 'walk', quantity: 3, price: '2.50' }],
  });
  const who = { orderId: 'walk-1', customerId: 'c' };
  await inventory.publish(envelop('OrderConfirmed', { ...who, totalMinor: 750, currency: 'USD' }, stamp()));
  await eventually(async () => {
    expect(await get('/inventory/walk')).toEqual({
      product_id: 'walk',
      quantity_available: 7,
      quantity_reserved: 0,
      quantity_committed: 3,
    });
  });
  await inventory.publish(envelop('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' }, stamp()));
  expect(await heardByOrderService('walk-1')).toMatchObject([{ type: 'InventoryReleased' }]);
  expect(await get('/inventory/walk')).toMatchObject({ quantity_available: 10, quantity_committed: 0 });
  expect(await get('/reservations/walk-1')).toMatchObject({ status: 'RELEASED', reason: 'CUSTOMER_REQUEST' });
});

test('an order that cannot be had is refused with the lines at fault, and nothing is reserved', async () => {
  const lines = [
    { productId: 'acorn-sticker', quantity: 1, unitPriceMinor: null },
    { productId: 'wool-throw-natural', quantity: 1, unitPriceMinor: null },
  ];
  await inventory.publish(orderCreated('refused-1', lines));
  expect(await heardByOrderService('refused-1')).toMatchObject([
    { type: 'InventoryUnavailable', data: { reason: 'OUT_OF_STOCK', lines: [{ productId: 'wool-throw-natural' }] } },
  ]);
  expect(await get('/inventory/acorn-sticker')).toMatchObject({ quantity_reserved: 0 });
  expect(await get('/reservations/refused-1')).toMatchObject({
    status: 'UNAVAILABLE',
    items: [{ price: null }, { price: null }],
  });
});

test('what was not heard before a restart is heard after it', async () => {
  await inventory.restart();
  await inventory.publish(orderCreated('later-1', [{ productId: 'acorn-sticker', quantity: 1, unitPriceMinor: 150 }]));
  expect(await heardByOrderService('later-1')).toMatchObject([{ type: 'InventoryReserved' }]);
});

test('the catalogue is listed by id, page by page', async () => {
  const ids: string[] = [];
  for (let path = '/products?category=audio&limit=2'; ;) {
    const page = (await get(path)) as { items: { product_id: string; category: string }[]; next_cursor: string | null };
    expect(page.items.length).toBeLessThanOrEqual(2);
    ids.push(...page.items.map(({ product_id }) => product_id));
    if (page.next_cursor === null) break;
    path = `/products?category=audio&limit=2&cursor=${page.next_cursor}`;
  }
  expect(ids).toEqual([...ids].sort());
  expect(ids).toHaveLength(4);
  expect(await get('/products?limit=1')).toMatchObject({
    items: [{ product_id: 'acorn-sticker', price: '1.50', currency: 'USD', category: 'gifts' }],
  });
  expect(await get('/products/espresso-machine-classic')).toEqual({
    product_id: 'espresso-machine-classic',
    name: 'Classic espresso machine, 15 bar',
    category: 'coffee',
    price: '649.00',
    currency: 'USD',
    quantity_available: 300,
  });
  const random = (await get('/products/random')) as { quantity_available: number };
  expect(random.quantity_available).toBeGreaterThan(0);
});

test('an operator creates a product with 201 and sets it with 200', async () => {
  const body = { quantity_available: 5, name: 'Teapot', category: 'kitchen', price: 12.5 };
  const created = await inventory.request('PUT', '/inventory/teapot', body);
  expect(created.status).toBe(201);
  expect(created.headers.get('location')).toBe('/inventory/teapot');
  expect((await inventory.request('PUT', '/inventory/teapot', { quantity_available: 0 })).status).toBe(200);
  expect(await get('/products/teapot')).toMatchObject({ name: 'Teapot', price: '12.50', quantity_available: 0 });
});

test.each([
  ['PUT', '/inventory/x', {}, 400, 'quantity_available'],
  ['PUT', '/inventory/x', { quantity_available: -1 }, 400, 'quantity_available'],
  ['PUT', '/inventory/x', { quantity_available: 1.5 }, 400, 'quantity_available'],
  ['PUT', '/inventory/x', { quantity_available: 1_000_000_001 }, 400, 'quantity_available'],
  ['PUT', '/inventory/x', { quantity_available: 1, price: '1.234' }, 400, 'price'],
  ['PUT', '/inventory/x', { quantity_available: 1, name: ' ' }, 400, 'name'],
  ['PUT', '/inventory/x', { quantity_available: 1, category: 'Ünique' }, 400, 'category'],
  ['PUT', '/inventory/x', { quantity_available: 1, colour: 'red' }, 400, 'colour'],
  ['PUT', '/inventory/x', '{"quantity_available": 1, "__proto__": {}}', 400, '__proto__'],
  ['PUT', '/inventory/x', '{', 400, undefined],
  ['PUT', '/inventory/x%20y', { quantity_available: 1 }, 400, 'product_id'],
  ['PUT', '/inventory/random', { quantity_available: 1 }, 400, 'product_id'],
  ['GET', '/products?limit=0', undefined, 400, 'limit'],
  ['GET', '/products?cursor=nonsense', undefined, 400, 'cursor'],
  ['GET', '/products/unicorn', undefined, 404, undefined],
  ['GET', '/inventory/unicorn', undefined, 404, undefined],
  ['GET', '/reservations/nobody', undefined, 404, undefined],
  ['GET', '/reservations/no%00body', undefined, 400, 'order_id'],
])('%s %s %j is refused with %i', async (method, path, body, status, field) => {
  const answer = await inventory.request(method, path, body);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({ status, instance: path, errors: field === undefined ? [] : [{ field }] });
  expect((await inventory.request('GET', '/products/x')).status).toBe(404);
});
