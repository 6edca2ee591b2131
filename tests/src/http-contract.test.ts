/**
 * What order-service promises of the requests that change something: idempotency, waiting, and the refusals of wrong
 * ones.
 */
import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { json as readJson } from 'node:stream/consumers';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';
import { createOrderClient, order, type OrderClient } from './order-client';

let system: TestSystem;
let client: OrderClient;

beforeAll(async () => {
  system = await startTestSystem();
  client = createOrderClient(system);
});
afterAll(() => system.stop());

describe('placing', () => {
  it('answers 202, where the order is, and when to look again', async () => {
    const { status, headers, json } = await client.send('POST', '/orders', order('ann'));
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/orders/${json.order_id}`);
    expect(headers.get('retry-after')).toBe('1');
    expect(json).toMatchObject({ customer_id: 'ann', status: 'PENDING', total: null, settled: false, attempts: 0 });
  });

  it('adds up a product that stands in two lines', async () => {
    const items = [1, 2].map((quantity) => ({ product_id: 'acorn-sticker', quantity }));
    const { json } = await client.send('POST', '/orders', { ...order('ann'), items });
    expect(json.items).toEqual([{ product_id: 'acorn-sticker', quantity: 3, price: null }]);
  });

  it('takes a price that is right, as a string or a number', async () => {
    for (const price of ['1.50', '1.5', 1.5]) {
      const items = [{ product_id: 'acorn-sticker', quantity: 1, price }];
      const { json } = await client.send('POST', '/orders', { ...order('ann'), items }, { prefer: 'wait=10' });
      expect(json).toMatchObject({ status: 'CONFIRMED', items: [{ price: '1.50' }] });
    }
  });
});

describe('Idempotency-Key', () => {
  it('fifty requests at once are one order, and one that comes later too', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.send('POST', '/orders', order('fifty'), headers)),
    );
    const later = await client.send('POST', '/orders', order('fifty'), headers);
    expect(new Set([...answers, later].map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set([...answers, later].map(({ json }) => json.order_id)).size).toBe(1);
    expect(await client.listOf('fifty')).toHaveLength(1);
  });

  it('with another body is refused, and the order stays as it is', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await client.send('POST', '/orders', order('other'), headers);
    const second = await client.send('POST', '/orders', order('other', 'tok_decline'), headers);
    expect(second.status).toBe(422);
    expect(second.json.errors).toMatchObject([{ field: 'Idempotency-Key' }]);
    expect((await client.listOf('other')).map(({ order_id }) => order_id)).toEqual([first.json.order_id]);
  });

  it('is not burnt by a request that fails', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const wrong = await client.send('POST', '/orders', { ...order('burnt'), items: [] }, headers);
    expect(wrong.status).toBe(400);
    expect((await client.send('POST', '/orders', order('burnt'), headers)).status).toBe(202);
  });

  it.each([[''], ['x'.repeat(256)]])('%j is refused', async (key) => {
    const { status, json } = await client.send('POST', '/orders', order('ann'), { 'idempotency-key': key });
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([{ field: 'idempotency-key' }]);
  });

  it('sent twice is refused, whether or not the two say the same', async () => {
    for (const second of ['a', 'b']) {
      // fetch would join the two headers into one.
      const headers = { 'content-type': 'application/json', 'Idempotency-Key': ['a', second] };
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request(`${system.urls.order}/orders`, { method: 'POST', headers }, resolve)
          .on('error', reject)
          .end(JSON.stringify(order('twice')));
      });
      expect(answer.statusCode).toBe(400);
      expect(await readJson(answer)).toMatchObject({
        detail: 'There is more than one Idempotency-Key header: send one, with one key.',
        errors: [{ field: 'Idempotency-Key', message: 'must be sent once' }],
      });
    }
    expect(await client.listOf('twice')).toEqual([]);
  });
});

describe('Prefer: wait', () => {
  it('answers 201 as soon as the order is no longer PENDING', async () => {
    const { status, headers, json } = await client.send('POST', '/orders', order('ann'), { prefer: 'wait=20' });
    expect(status).toBe(201);
    expect(json.status).toBe('CONFIRMED');
    expect(headers.get('retry-after')).toBeNull();
  });

  it.each(['wait=1', 'wait="1"', 'respond-async, wait=1'])(
    '%s: answers 202 when it still is after that time',
    async (prefer) => {
      const began = performance.now();
      const { status, headers, json } = await client.send('POST', '/orders', order('ann', 'tok_unavailable'), {
        prefer,
      });
      expect([status, json.status, headers.get('preference-applied')]).toEqual([202, 'PENDING', 'wait=1']);
      expect(performance.now() - began).toBeGreaterThan(950);
    },
  );
});

it('cancels and completes with no body or an empty one, and names what does not belong', async () => {
  const { order_id } = await client.settled('bodiless');
  const ask = async (method: string, path: string, body: string) =>
    (
      await fetch(`${system.urls.order}/orders/${order_id}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body,
      })
    ).status;
  expect(await ask('DELETE', '', '{"reason":"changed my mind"}')).toBe(400);
  expect(await ask('POST', '/complete', '{"by":"ann"}')).toBe(400);
  expect(await ask('POST', '/complete', '')).toBe(200);
  expect(await ask('POST', '/complete', '{}')).toBe(200);
  expect(await ask('DELETE', '', '')).toBe(409);
});

it.each([
  ['GET', '/orders/01990000-0000-7000-8000-000000000000', 404],
  ['DELETE', '/orders/01990000-0000-7000-8000-000000000000', 404],
  ['POST', '/orders/01990000-0000-7000-8000-000000000000/complete', 404],
  ['GET', '/orders/a%20b', 400],
  ['DELETE', '/orders/a.b', 400],
  ['GET', `/orders/${'x'.repeat(65)}`, 400],
  ['GET', '/nothing', 404],
])('%s %s answers %i, as a problem', async (method, path, expected) => {
  const { status, headers, json } = await client.send(method, path);
  expect(status).toBe(expected);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(json).toMatchObject({
    status: expected,
    title: expect.any(String) as string,
    detail: expect.any(String) as string,
  });
});
