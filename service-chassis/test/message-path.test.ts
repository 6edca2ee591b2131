/** The message path on the real broker and database: from a delivery to a committed decision, and what comes of it. */
import { eventually } from '@quadrille/test-kit';
import { CALLER, LATER, POISON, startFake, type FakeService } from './fake-service';
import { completed, orders, createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let service: FakeService | undefined;

beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await fixture.close();
});

const handledOf = async (orderIds: readonly string[]) => (await service?.handled(orderIds)) ?? [];
const outboxSize = async () =>
  (await service?.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM outbox'))?.rows[0]?.count;

test('what waited is decided in batches, saved, announced once and acked', async () => {
  const ids = orders(500);
  await fixture.publish(ids);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const answers = await fixture.eventsFor(ids);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(500);
  expect(await handledOf(ids)).toHaveLength(500);
  const batches = await service.counted('batch_size_count');
  expect(await service.counted('messages_handled_total', { outcome: 'seen' })).toBe(500);
  expect(batches).toBeLessThanOrEqual(50);
  await eventually(async () => {
    expect(await outboxSize()).toBe(0);
  });
  await service.stop();
  expect(await fixture.ready('payment-service')).toBe(0);
  service = undefined;
});

test('an answer names what caused it and stays in its trace', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const [orderId = ''] = orders(1);
  const event = JSON.parse(completed(orderId).toString()) as { id: string };
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await fixture.publishBytes(Buffer.from(JSON.stringify({ ...event, traceparent })));
  const [answer] = await fixture.eventsFor([orderId]);
  expect(answer).toMatchObject({ causationid: event.id, source: '/quadrille/payment-service' });
  expect(answer?.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)/);
});

test('the same message again, in one batch or later, changes nothing and says nothing', async () => {
  const [orderId = ''] = orders(1);
  const payload = completed(orderId);
  for (let copy = 0; copy < 5; copy++) await fixture.publishBytes(payload);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const running = service;
  await fixture.eventsFor([orderId]);
  await fixture.publishBytes(payload);
  await eventually(async () => {
    expect(await running.counted('messages_handled_total', { outcome: 'unchanged: seen already' })).toBe(5);
  });
  await fixture.eventsFor([orderId]);
  expect(await handledOf([orderId])).toEqual([1]);
});

test('what cannot be read goes to the invalid queue with the reason; its neighbours are unharmed', async () => {
  const ids = orders(20);
  await fixture.publish(ids.slice(0, 10));
  await fixture.publishBytes(Buffer.from('{"broken'), { messageId: 'broken', type: 'OrderCompleted' });
  await fixture.publishBytes(Buffer.from([0xff, 0xfe]));
  const later = JSON.parse(completed(ids[0] ?? '').toString()) as object;
  await fixture.publishBytes(Buffer.from(JSON.stringify({ ...later, schemaversion: 2 })), { messageId: 'later' });
  const nested = '['.repeat(50_000) + ']'.repeat(50_000);
  await fixture.publishBytes(Buffer.from(JSON.stringify({ ...later, schemaversion: '-' }).replace('"-"', nested)));
  await fixture.publish(ids.slice(10));
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await fixture.eventsFor(ids);
  const parked = [];
  for (let count = 0; count < 4; count++) parked.push(await fixture.take('payment-service.invalid'));
  expect(parked.map(({ properties }) => String(properties.headers?.['x-reason']))).toEqual([
    expect.stringMatching(/^NOT_JSON: /),
    expect.stringMatching(/^NOT_JSON: /),
    expect.stringMatching(/^UNKNOWN_VERSION: schemaversion: OrderCompleted/),
    expect.stringMatching(/^UNKNOWN_VERSION: schemaversion: OrderCompleted/),
  ]);
  expect(parked[0]).toMatchObject({
    content: Buffer.from('{"broken'),
    properties: { messageId: 'broken', type: 'OrderCompleted', appId: 'payment-service' },
  });
  await service.stop();
  service = undefined;
  expect(await fixture.ready('payment-service')).toBe(0);
  expect(await fixture.ready('payment-service.invalid')).toBe(0);
  expect(await fixture.ready('payment-service.dead-letter')).toBe(0);
});

test('a message that cannot be handled goes to the dead letters with the reason; its neighbours are unharmed', async () => {
  const ids = orders(50);
  await fixture.publish(ids.slice(0, 25));
  await fixture.publish(orders(1), POISON);
  await fixture.publish(ids.slice(25));
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await fixture.eventsFor(ids);
  const { properties } = await fixture.take('payment-service.dead-letter');
  expect(properties.headers?.['x-reason']).toBe('HANDLER_FAILED: this customer is poison');
  expect(await handledOf(ids)).toEqual(ids.map(() => 1));
  await service.stop();
  service = undefined;
  expect(await fixture.ready('payment-service')).toBe(0);
});

test.each(['a\u0000b', '00-xyz', 7, `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])(
  'a traceparent such as %j is dropped, and the event decided in a new trace',
  async (traceparent) => {
    service = startFake(fixture.brokerUrl, fixture.database.url);
    const ids = orders(2);
    for (const [index, customer] of [undefined, LATER].entries()) {
      // completed() writes an object; only a field is added to it.
      const event = JSON.parse(completed(ids[index] ?? '', customer).toString()) as object;
      await fixture.publishBytes(Buffer.from(JSON.stringify({ ...event, traceparent })));
    }
    const [answer] = await fixture.eventsFor(ids.slice(0, 1));
    expect(answer?.traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    await eventually(async () => {
      expect(await handledOf(ids)).toEqual(expect.arrayContaining([1, 2]));
    });
  },
);

test('a message to itself comes back after its delay', async () => {
  const ids = orders(3);
  await fixture.publish(ids, LATER);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const begun = performance.now();
  await eventually(async () => {
    expect(await handledOf(ids)).toEqual([2, 2, 2]);
  });
  expect(performance.now() - begun).toBeGreaterThan(900);
});

test('an effect is performed after the commit, and its answer decided', async () => {
  const ids = orders(3);
  await fixture.publish(ids, CALLER);
  let seenByEffect: readonly number[] = [];
  service = startFake(fixture.brokerUrl, fixture.database.url, {
    perform: async () => {
      seenByEffect = await handledOf(ids);
    },
  });
  await eventually(async () => {
    expect(await handledOf(ids)).toEqual([2, 2, 2]);
  });
  expect(seenByEffect).toHaveLength(3);
});

test('commands are decided beside the events, many at once in few transactions', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const { participant } = service;
  const [orderId = ''] = orders(1);
  const results = await Promise.all(
    Array.from({ length: 50 }, () => participant.command({ key: orderId, message: { type: 'Touch' }, cause: {} })),
  );
  expect(results.every(({ outcome }) => outcome === 'counted')).toBe(true);
  expect(await handledOf([orderId])).toEqual([50]);
});
