/** What the HTTP contract promises where services meet: idempotency, waiting, versions, streams, lists, traces. Long because it is one contract, played on one system. */
import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { json as readJson } from 'node:stream/consumers';
import type { Order } from '@quadrille/operator/src/demo/client';
import { eventually } from '@quadrille/test-kit/src/eventually';
import { openSpy } from '@quadrille/test-kit/src/spy';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem();
});
afterAll(() => system.stop());

const order = (customer: string, method = 'tok_success', product = 'acorn-sticker') => ({
  customer_id: customer,
  items: [{ product_id: product, quantity: 1 }],
  payment_method: method,
});

/** Sends a request to order-service; the answer's body as it is. */
async function send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${system.urls.order}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // Tests look at what they expect to be there; anything else fails them.
  const json = (text === '' ? {} : JSON.parse(text)) as Order & { detail: string; errors: { field: string }[] };
  return { status: response.status, headers: response.headers, json };
}

const listOf = async (customer: string) => {
  const { json } = await send('GET', `/orders/customer/${customer}?limit=100`);
  return (json as unknown as { items: Order[] }).items; // this path answers a list
};

const place = async (...args: Parameters<typeof order>) => system.shop.place(order(...args));
const settled = async (...args: Parameters<typeof order>) =>
  system.shop.settled((await place(...args)).order_id, AbortSignal.timeout(30_000));

describe('placing', () => {
  it('answers 202, where the order is, and when to look again', async () => {
    const { status, headers, json } = await send('POST', '/orders', order('ann'));
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/orders/${json.order_id}`);
    expect(headers.get('retry-after')).toBe('1');
    expect(json).toMatchObject({ customer_id: 'ann', status: 'PENDING', total: null, settled: false, attempts: 0 });
  });

  it('adds up a product that stands in two lines', async () => {
    const items = [1, 2].map((quantity) => ({ product_id: 'acorn-sticker', quantity }));
    const { json } = await send('POST', '/orders', { ...order('ann'), items });
    expect(json.items).toEqual([{ product_id: 'acorn-sticker', quantity: 3, price: null }]);
  });

  it('takes a price that is right, as a string or a number', async () => {
    for (const price of ['1.50', '1.5', 1.5]) {
      const items = [{ product_id: 'acorn-sticker', quantity: 1, price }];
      const { json } = await send('POST', '/orders', { ...order('ann'), items }, { prefer: 'wait=10' });
      expect(json).toMatchObject({ status: 'CONFIRMED', items: [{ price: '1.50' }] });
    }
  });
});

describe('Idempotency-Key', () => {
  it('fifty requests at once are one order, and one that comes later too', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => send('POST', '/orders', order('fifty'), headers)),
    );
    const later = await send('POST', '/orders', order('fifty'), headers);
    expect(new Set([...answers, later].map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set([...answers, later].map(({ json }) => json.order_id)).size).toBe(1);
    expect(await listOf('fifty')).toHaveLength(1);
  });

  it('with another body is refused, and the order stays as it is', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await send('POST', '/orders', order('other'), headers);
    const second = await send('POST', '/orders', order('other', 'tok_decline'), headers);
    expect(second.status).toBe(422);
    expect(second.json.errors).toMatchObject([{ field: 'Idempotency-Key' }]);
    expect((await listOf('other')).map(({ order_id }) => order_id)).toEqual([first.json.order_id]);
  });

  it('is not burnt by a request that fails', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const wrong = await send('POST', '/orders', { ...order('burnt'), items: [] }, headers);
    expect(wrong.status).toBe(400);
    expect((await send('POST', '/orders', order('burnt'), headers)).status).toBe(202);
  });

  it.each([[''], ['x'.repeat(256)]])('%j is refused', async (key) => {
    const { status, json } = await send('POST', '/orders', order('ann'), { 'idempotency-key': key });
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([{ field: 'idempotency-key' }]);
  });

  it('sent twice is refused, whether or not the two say the same', async () => {
    for (const second of ['a', 'b']) {
      // fetch would join the two itself.
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
    expect(await listOf('twice')).toEqual([]);
  });
});

describe('Prefer: wait', () => {
  it('answers 201 as soon as the order is no longer PENDING', async () => {
    const { status, headers, json } = await send('POST', '/orders', order('ann'), { prefer: 'wait=20' });
    expect(status).toBe(201);
    expect(json.status).toBe('CONFIRMED');
    expect(headers.get('retry-after')).toBeNull();
  });

  it.each(['wait=1', 'wait="1"', 'respond-async, wait=1'])(
    '%s: answers 202 when it still is after that time',
    async (prefer) => {
      const began = performance.now();
      const { status, headers, json } = await send('POST', '/orders', order('ann', 'tok_unavailable'), { prefer });
      expect([status, json.status, headers.get('preference-applied')]).toEqual([202, 'PENDING', 'wait=1']);
      expect(performance.now() - began).toBeGreaterThan(950);
    },
  );
});

it('ETag: an order that did not change is not sent again', async () => {
  const { order_id } = await settled('ann');
  const first = await send('GET', `/orders/${order_id}`);
  const etag = first.headers.get('etag') ?? '';
  const again = await send('GET', `/orders/${order_id}`, undefined, { 'if-none-match': etag });
  expect([again.status, again.headers.get('etag')]).toEqual([304, etag]);
  await system.shop.complete(order_id);
  const changed = await send('GET', `/orders/${order_id}`, undefined, { 'if-none-match': etag });
  expect([changed.status, changed.json.status]).toEqual([200, 'COMPLETED']);
});

describe('the stream', () => {
  it('is for those who listen: HEAD would be told nothing for as long as it goes on', async () => {
    const { order_id } = await place('ann');
    const { status, headers } = await send('HEAD', `/orders/${order_id}/stream`);
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET');
  });

  it('tells the whole life of an order, live, and ends when it is settled', async () => {
    const { order_id } = await place('ann', 'tok_flaky_1');
    const types: string[] = [];
    let last: Order | undefined;
    for await (const { type, order: seen } of system.shop.stream(order_id)) {
      types.push(type);
      last = seen;
    }
    expect(types).toEqual([
      'OrderCreated',
      'InventoryReserved',
      'PaymentAttemptFailed',
      'PaymentProcessed',
      'OrderConfirmed',
    ]);
    expect(last).toMatchObject({ status: 'CONFIRMED', settled: true, attempts: 2 });
  });

  it('goes on after Last-Event-ID', async () => {
    const { order_id, timeline } = await settled('ann');
    const types: string[] = [];
    for await (const { type } of system.shop.stream(order_id, undefined, timeline[1]?.id)) types.push(type);
    expect(types).toEqual(['PaymentProcessed', 'OrderConfirmed']);
  });

  it('is 204 after the last event of a settled order: a browser does not come back then', async () => {
    const { order_id, timeline } = await settled('ann');
    const seen = { 'last-event-id': timeline.at(-1)?.id ?? '' };
    expect((await send('GET', `/orders/${order_id}/stream`, undefined, seen)).status).toBe(204);
  });

  it('is 404 for an order that does not exist', async () => {
    expect((await send('GET', `/orders/${randomUUID()}/stream`)).status).toBe(404);
  });
});

describe('the timeline', () => {
  it.each([
    ['tok_success', 'acorn-sticker'],
    ['tok_flaky_1', 'acorn-sticker'],
    ['tok_decline', 'acorn-sticker'],
    ['tok_success', 'no-such-product'],
  ])('of %s for %s is one chain of causes', async (method, product) => {
    const { timeline } = await settled('ann', method, product);
    const [first, ...others] = timeline;
    expect(first).toMatchObject({ type: 'OrderCreated', direction: 'published', causation_id: null });
    const ids = new Set(timeline.map(({ id }) => id));
    expect(ids.size).toBe(timeline.length);
    for (const { type, causation_id } of others) {
      expect([type, ids.has(causation_id ?? '')]).toEqual([type, true]);
    }
  });

  it('links each event to the one before it, in the order of a good saga', async () => {
    const { timeline } = await settled('ann');
    expect(timeline.map(({ type }) => type)).toEqual([
      'OrderCreated',
      'InventoryReserved',
      'PaymentProcessed',
      'OrderConfirmed',
    ]);
    const causes = timeline.map(({ causation_id }) => causation_id);
    expect(causes).toEqual([null, ...timeline.slice(0, -1).map(({ id }) => id)]);
  });
});

it('carries the trace of the request to the last event, through retries too', async () => {
  const spy = await openSpy(system.virtualHost.adminUrl);
  for (const exchange of ['order.events', 'inventory.events', 'payment.events']) await spy.listen(exchange, '#');
  const traceId = 'abcdef0123456789abcdef0123456789';
  const headers = { traceparent: `00-${traceId}-0123456789abcdef-01` };
  const { json } = await send('POST', '/orders', order('ann', 'tok_flaky_1'), headers);
  await system.shop.settled(json.order_id);
  await eventually(() => {
    const events = spy.heard.flatMap(({ event }) => (event?.subject === json.order_id ? event : []));
    expect(events.map(({ type, traceparent }) => [type, traceparent?.split('-')[1]])).toEqual(
      ['OrderCreated', 'InventoryReserved', 'PaymentAttemptFailed', 'PaymentProcessed', 'OrderConfirmed'].map(
        (type) => [type, traceId],
      ),
    );
  });
  await spy.close();
});

it('cancels and completes with no body or an empty one, and names what does not belong', async () => {
  const { order_id } = await settled('bodiless');
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

describe('lists', () => {
  it('are walked page by page, newest first, every order once', async () => {
    const placed: string[] = [];
    for (let n = 0; n < 7; n++) placed.push((await place('lister')).order_id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json } = await send(
        'GET',
        `/orders?customer_id=lister&limit=3${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      const page = json as unknown as { items: Order[]; next_cursor: string | null }; // this path answers a list
      expect(page.items.length).toBeLessThanOrEqual(3);
      expect(page.items.every((item) => !('timeline' in item))).toBe(true);
      seen.push(...page.items.map(({ order_id }) => order_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(placed.reverse());
  });

  it('narrow to a status', async () => {
    await settled('narrow');
    const failed = await settled('narrow', 'tok_decline');
    const { json } = await send('GET', '/orders?customer_id=narrow&status=FAILED');
    expect((json as unknown as { items: Order[] }).items.map(({ order_id }) => order_id)).toEqual([failed.order_id]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=0x10', 'limit'],
    ['cursor=x', 'cursor'],
    [`cursor=${Buffer.from(JSON.stringify(['products', 'mug'])).toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from(JSON.stringify(['orders', '\u0000'])).toString('base64url')}`, 'cursor'],
    ['status=SHIPPED', 'status'],
    ['customer_id=a%20b', 'customer_id'],
    ['colour=blue', 'colour'],
  ])('refuse %s and name it', async (query, field) => {
    const { status, json } = await send('GET', `/orders?${query}`);
    expect([status, json.errors]).toMatchObject([400, [{ field }]]);
  });
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
  const { status, headers, json } = await send(method, path);
  expect(status).toBe(expected);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(json).toMatchObject({
    status: expected,
    title: expect.any(String) as string,
    detail: expect.any(String) as string,
  });
});
