/** Invalid requests are refused with a problem that names the field, and leave nothing behind. */
import { request, type IncomingMessage } from 'node:http';
import { Client } from 'pg';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem();
});
afterAll(() => system.stop());

const line = { product_id: 'acorn-sticker', quantity: 1 };
const good = { customer_id: 'mallory', items: [line], payment_method: 'tok_success' };
const withLine = (changes: object) => JSON.stringify({ ...good, items: [{ ...line, ...changes }] });
const withBody = (changes: object) => JSON.stringify({ ...good, ...changes });
const JSON_TYPE = 'application/json';

interface Hostile {
  readonly name: string;
  readonly body: string;
  readonly type?: string;
  readonly status: number;
  /** The field that the problem names; undefined when it is not about a field. */
  readonly field?: string;
}

const hostile: readonly Hostile[] = [
  { name: 'no customer', body: JSON.stringify({ items: [line] }), status: 400, field: 'customer_id' },
  { name: 'no items', body: JSON.stringify({ customer_id: 'mallory' }), status: 400, field: 'items' },
  { name: 'empty items', body: withBody({ items: [] }), status: 400, field: 'items' },
  { name: 'items that are no list', body: withBody({ items: 'mug' }), status: 400, field: 'items' },
  { name: 'a line that is null', body: withBody({ items: [null] }), status: 400, field: 'items[0]' },
  {
    name: 'no product',
    body: JSON.stringify({ ...good, items: [{ quantity: 1 }] }),
    status: 400,
    field: 'items[0].product_id',
  },
  {
    name: 'no quantity',
    body: JSON.stringify({ ...good, items: [{ product_id: 'x' }] }),
    status: 400,
    field: 'items[0].quantity',
  },
  ...[0, -1, 1.5, 1_001, '1', null, 1e300].map((quantity) => ({
    name: `quantity ${JSON.stringify(quantity)}`,
    body: withLine({ quantity }),
    status: 400,
    field: 'items[0].quantity',
  })),
  { name: 'quantity NaN', body: withLine({}).replace('"quantity":1', '"quantity":NaN'), status: 400 },
  {
    name: '600 and 600 of one product',
    body: withBody({
      items: [
        { ...line, quantity: 600 },
        { ...line, quantity: 600 },
      ],
    }),
    status: 400,
    field: 'items[1].quantity',
  },
  {
    name: 'two prices for one product',
    body: withBody({
      items: [
        { ...line, price: '1.00' },
        { ...line, price: '2.00' },
      ],
    }),
    status: 400,
    field: 'items[1].price',
  },
  {
    name: '101 items',
    body: withBody({ items: Array.from({ length: 101 }, (_, n) => ({ product_id: `p${String(n)}`, quantity: 1 })) }),
    status: 400,
    field: 'items',
  },
  ...['1.999', 1.999, '-1.00', -1, 'free', '1e3', '99999999999.00', '', ' 1.00'].map((price) => ({
    name: `price ${JSON.stringify(price)}`,
    body: withLine({ price }),
    status: 400,
    field: 'items[0].price',
  })),
  { name: 'another currency', body: withBody({ currency: 'EUR' }), status: 400, field: 'currency' },
  { name: 'an unknown currency', body: withBody({ currency: 'ZZZ' }), status: 400, field: 'currency' },
  {
    name: 'an unknown payment method',
    body: withBody({ payment_method: 'tok_gold' }),
    status: 400,
    field: 'payment_method',
  },
  {
    name: 'a card number',
    body: withBody({ payment_method: '4111111111111111' }),
    status: 400,
    field: 'payment_method',
  },
  ...['', 'a b', "'; DROP TABLE orders; --", '../etc', 'ü', 'x'.repeat(65), 7].map((customer_id) => ({
    name: `customer ${JSON.stringify(customer_id).slice(0, 30)}`,
    body: withBody({ customer_id }),
    status: 400,
    field: 'customer_id',
  })),
  {
    name: 'a product with forbidden characters',
    body: withLine({ product_id: 'a/b' }),
    status: 400,
    field: 'items[0].product_id',
  },
  { name: 'a null character', body: withLine({ product_id: 'a\u0000b' }), status: 400, field: 'items[0].product_id' },
  { name: 'an unknown field', body: withBody({ discount: 100 }), status: 400, field: 'discount' },
  { name: 'an unknown field without a name', body: withBody({ '': 1 }), status: 400, field: '[""]' },
  { name: 'an unknown field of a line', body: withLine({ total: 0 }), status: 400, field: 'items[0].total' },
  { name: '__proto__', body: withBody({}).replace('{', '{"__proto__":{"admin":true},'), status: 400 },
  { name: '__proto__ in a line', body: withLine({}).replace('[{', '[{"__proto__":{"quantity":5},'), status: 400 },
  {
    name: 'constructor.prototype',
    body: withBody({}).replace('{', '{"constructor":{"prototype":{"a":1}},'),
    status: 400,
  },
  { name: 'broken JSON', body: '{"customer_id": "mallory", "items": [', status: 400 },
  { name: 'an empty body', body: '', status: 400 },
  { name: 'a list', body: '[]', status: 400 },
  { name: 'null', body: 'null', status: 400 },
  { name: 'a deep nest', body: `${'['.repeat(20_000)}${']'.repeat(20_000)}`, status: 400 },
  { name: '1 MB', body: withBody({ note: 'x'.repeat(1_000_000) }), status: 413 },
  { name: 'text', body: withBody({}), type: 'text/plain', status: 415 },
  { name: 'XML', body: '<order/>', type: 'application/xml', status: 415 },
  { name: 'a form', body: 'customer_id=mallory', type: 'application/x-www-form-urlencoded', status: 415 },
];

it.each(hostile)('$name: $status $field', async ({ body, type = JSON_TYPE, status, field }) => {
  const response = await fetch(`${system.urls.order}/orders`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  // A problem by contract; the expectations check it.
  const problem = (await response.json()) as { status: number; detail: string; errors?: { field: string }[] };
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect([response.status, problem.status]).toEqual([status, status]);
  expect(problem.detail.length).toBeGreaterThan(10);
  if (field !== undefined) expect(problem.errors?.map((error) => error.field)).toContain(field);
});

it.each([
  ['PUT', 'inventory', '/inventory/mug', { quantity_available: -1 }, 'quantity_available'],
  ['PUT', 'inventory', '/inventory/mug', { quantity_available: 1.5 }, 'quantity_available'],
  ['PUT', 'inventory', '/inventory/mug', { quantity_available: 1, price: '1.234' }, 'price'],
  ['PUT', 'inventory', '/inventory/mug', { quantity_available: 1, colour: 'red' }, 'colour'],
  ['PUT', 'inventory', '/inventory/a%20mug', { quantity_available: 1 }, 'product_id'],
  ['PUT', 'notification', '/customers/mallory', { email: 'not an address' }, 'email'],
  ['PUT', 'notification', '/customers/mallory', { email: 'a@b.example\r\nBcc: c@d.example' }, 'email'],
  ['POST', 'notification', '/notifications', { customer_id: 'mallory', subject: 'x' }, 'message'],
] as const)('%s %s %s %j is refused and names %s', async (method, service, path, body, field) => {
  const response = await fetch(`${system.urls[service]}${path}`, {
    method,
    headers: { 'content-type': JSON_TYPE },
    body: JSON.stringify(body),
  });
  const problem = (await response.json()) as { errors?: { field: string }[] }; // a problem by contract
  expect(response.status).toBe(400);
  expect(problem.errors?.map((error) => error.field)).toContain(field);
});

it.each([
  ['GET', 'order', '/orders/an-order?colour=red', 400],
  ['POST', 'order', '/orders?dry_run=1', 400],
  ['GET', 'payment', '/payments/order/an-order?verbose', 400],
  ['GET', 'order', '/health?from=a-load-balancer', 200],
] as const)('%s %s %s: query parameters that nobody knows: %d', async (method, service, path, status) => {
  const response = await fetch(`${system.urls[service]}${path}`, { method });
  expect(response.status).toBe(status);
});

it.each([
  ['PATCH', '/orders', 'GET, HEAD, POST'],
  ['PUT', '/orders/an-order', 'DELETE, GET, HEAD'],
  ['GET', '/orders/an-order/complete?a=b', 'POST'],
])('%s %s is answered 405, and Allow says what can be asked', async (method, path, allow) => {
  const response = await fetch(`${system.urls.order}${path}`, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  expect(await response.json()).toMatchObject({ status: 405, title: 'Method Not Allowed' });
});

it('an expectation that nobody can meet is refused', async () => {
  const { hostname, port } = new URL(system.urls.order);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ hostname, port, path: '/orders', headers: { expect: '200-maybe' } }, resolve);
    sent.once('error', reject);
    sent.end();
  });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([417, 'application/problem+json; charset=utf-8']);
  expect(JSON.parse((await answer.setEncoding('utf8').toArray()).join(''))).toMatchObject({ status: 417 });
});

it('has left nothing behind, nowhere', async () => {
  const count = async (database: string, table: string) => {
    const client = new Client({ connectionString: database });
    await client.connect();
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
    await client.end();
    return rows[0]?.n;
  };
  const { order, inventory, notification } = system.databases;
  expect(await count(order, 'orders')).toBe(0);
  expect(await count(order, 'outbox')).toBe(0);
  expect(await count(inventory, 'reservation')).toBe(0);
  expect(await count(inventory, "product WHERE product_id = 'mug'")).toBe(0);
  expect(await count(notification, 'notification')).toBe(0);
  expect(await count(notification, 'customer')).toBe(0);
});
