/**
 * What order-service promises of the requests that read: versions, the stream of an order, its timeline and trace,
 * lists.
 */
import { randomUUID } from 'node:crypto';
import type { Order } from '@quadrille/operator/src/demo/client';
import { eventually } from '@quadrille/test-kit';
import { openSpy } from '@quadrille/test-kit/src/spy';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';
import { createOrderClient, order, type OrderClient } from './order-client';

let system: TestSystem;
let client: OrderClient;

beforeAll(async () => {
  system = await startTestSystem();
  client = createOrderClient(system);
});
afterAll(() => system.stop());

it('ETag: an order that did not change is not sent again', async () => {
  const { order_id } = await client.settled('ann');
  const first = await client.send('GET', `/orders/${order_id}`);
  const etag = first.headers.get('etag') ?? '';
  const again = await client.send('GET', `/orders/${order_id}`, undefined, { 'if-none-match': etag });
  expect([again.status, again.headers.get('etag')]).toEqual([304, etag]);
  await system.shop.complete(order_id);
  const changed = await client.send('GET', `/orders/${order_id}`, undefined, { 'if-none-match': etag });
  expect([changed.status, changed.json.status]).toEqual([200, 'COMPLETED']);
});

describe('the stream', () => {
  it('is for those who listen: HEAD would be told nothing for as long as it goes on', async () => {
    const { order_id } = await client.place('ann');
    const { status, headers } = await client.send('HEAD', `/orders/${order_id}/stream`);
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET');
  });

  it('tells the whole life of an order, live, and ends when it is settled', async () => {
    const { order_id } = await client.place('ann', 'tok_flaky_1');
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
    const { order_id, timeline } = await client.settled('ann');
    const types: string[] = [];
    for await (const { type } of system.shop.stream(order_id, undefined, timeline[1]?.id)) types.push(type);
    expect(types).toEqual(['PaymentProcessed', 'OrderConfirmed']);
  });

  it('is 204 after the last event of a settled order: a browser does not come back then', async () => {
    const { order_id, timeline } = await client.settled('ann');
    const seen = { 'last-event-id': timeline.at(-1)?.id ?? '' };
    expect((await client.send('GET', `/orders/${order_id}/stream`, undefined, seen)).status).toBe(204);
  });

  it('is 404 for an order that does not exist', async () => {
    expect((await client.send('GET', `/orders/${randomUUID()}/stream`)).status).toBe(404);
  });
});

describe('the timeline', () => {
  it.each([
    ['tok_success', 'acorn-sticker'],
    ['tok_flaky_1', 'acorn-sticker'],
    ['tok_decline', 'acorn-sticker'],
    ['tok_success', 'no-such-product'],
  ])('of %s for %s is one chain of causes', async (method, product) => {
    const { timeline } = await client.settled('ann', method, product);
    const [first, ...others] = timeline;
    expect(first).toMatchObject({ type: 'OrderCreated', direction: 'published', causation_id: null });
    const ids = new Set(timeline.map(({ id }) => id));
    expect(ids.size).toBe(timeline.length);
    for (const { type, causation_id } of others) {
      expect([type, ids.has(causation_id ?? '')]).toEqual([type, true]);
    }
  });

  it('links each event to the one before it, in the order of a good saga', async () => {
    const { timeline } = await client.settled('ann');
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
  const { json } = await client.send('POST', '/orders', order('ann', 'tok_flaky_1'), headers);
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

describe('lists', () => {
  it('are walked page by page, newest first, every order once', async () => {
    const placed: string[] = [];
    for (let n = 0; n < 7; n++) placed.push((await client.place('lister')).order_id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json } = await client.send(
        'GET',
        `/orders?customer_id=lister&limit=3${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      const page = json as unknown as { items: Order[]; next_cursor: string | null }; // this path returns a list
      expect(page.items.length).toBeLessThanOrEqual(3);
      expect(page.items.every((item) => !('timeline' in item))).toBe(true);
      seen.push(...page.items.map(({ order_id }) => order_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(placed.reverse());
  });

  it('narrow to a status', async () => {
    await client.settled('narrow');
    const failed = await client.settled('narrow', 'tok_decline');
    const { json } = await client.send('GET', '/orders?customer_id=narrow&status=FAILED');
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
    const { status, json } = await client.send('GET', `/orders?${query}`);
    expect([status, json.errors]).toMatchObject([400, [{ field }]]);
  });
});
