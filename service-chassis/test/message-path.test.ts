/** The message path on the real broker and database: from a delivery to a committed decision, and what comes of it. */
import { eventually } from '@quadrille/test-kit';
import { CALLER, LATER, POISON, startFake, type FakeService } from './fake-service';
import { completed, orders, setStage, type Stage } from './stage';

let stage: Stage;
let service: FakeService | undefined;

beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await stage.close();
});

const handledOf = async (orderIds: readonly string[]) => (await service?.handled(orderIds)) ?? [];
const outboxSize = async () =>
  (await service?.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM outbox'))?.rows[0]?.count;

test('what waited is decided in batches, saved, announced once and acked', async () => {
  const ids = orders(500);
  await stage.say(ids);
  service = startFake(stage.brokerUrl, stage.database.url);
  const answers = await stage.answersTo(ids);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(500);
  expect(await handledOf(ids)).toHaveLength(500);
  const batches = await service.counted('batch_size_count');
  expect(await service.counted('messages_handled_total', { outcome: 'seen' })).toBe(500);
  expect(batches).toBeLessThanOrEqual(50);
  await eventually(async () => {
    expect(await outboxSize()).toBe(0);
  });
  await service.stop();
  expect(await stage.ready('payment-service')).toBe(0);
  service = undefined;
});

test('an answer names what caused it and stays in its trace', async () => {
  service = startFake(stage.brokerUrl, stage.database.url);
  const [orderId = ''] = orders(1);
  const event = JSON.parse(completed(orderId).toString()) as { id: string };
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await stage.sayBytes(Buffer.from(JSON.stringify({ ...event, traceparent })));
  const [answer] = await stage.answersTo([orderId]);
  expect(answer).toMatchObject({ causationid: event.id, source: '/quadrille/payment-service' });
  expect(answer?.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)/);
});

test('the same message again, in one batch or later, changes nothing and says nothing', async () => {
  const [orderId = ''] = orders(1);
  const payload = completed(orderId);
  for (let copy = 0; copy < 5; copy++) await stage.sayBytes(payload);
  service = startFake(stage.brokerUrl, stage.database.url);
  const running = service;
  await stage.answersTo([orderId]);
  await stage.sayBytes(payload);
  await eventually(async () => {
    expect(await running.counted('messages_handled_total', { outcome: 'unchanged: seen already' })).toBe(5);
  });
  await stage.answersTo([orderId]);
  expect(await handledOf([orderId])).toEqual([1]);
});

test('what cannot be read goes to the invalid queue with the reason; its neighbours are unharmed', async () => {
  const ids = orders(20);
  await stage.say(ids.slice(0, 10));
  await stage.sayBytes(Buffer.from('{"broken'), { messageId: 'broken', type: 'OrderCompleted' });
  await stage.sayBytes(Buffer.from([0xff, 0xfe]));
  const later = JSON.parse(completed(ids[0] ?? '').toString()) as object;
  await stage.sayBytes(Buffer.from(JSON.stringify({ ...later, schemaversion: 2 })), { messageId: 'later' });
  const nested = '['.repeat(50_000) + ']'.repeat(50_000);
  await stage.sayBytes(Buffer.from(JSON.stringify({ ...later, schemaversion: '-' }).replace('"-"', nested)));
  await stage.say(ids.slice(10));
  service = startFake(stage.brokerUrl, stage.database.url);
  await stage.answersTo(ids);
  const parked = [];
  for (let count = 0; count < 4; count++) parked.push(await stage.take('payment-service.invalid'));
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
  expect(await stage.ready('payment-service')).toBe(0);
  expect(await stage.ready('payment-service.invalid')).toBe(0);
  expect(await stage.ready('payment-service.dead-letter')).toBe(0);
});

test('a message that cannot be handled goes to the dead letters with the reason; its neighbours are unharmed', async () => {
  const ids = orders(50);
  await stage.say(ids.slice(0, 25));
  await stage.say(orders(1), POISON);
  await stage.say(ids.slice(25));
  service = startFake(stage.brokerUrl, stage.database.url);
  await stage.answersTo(ids);
  const { properties } = await stage.take('payment-service.dead-letter');
  expect(properties.headers?.['x-reason']).toBe('HANDLER_FAILED: this customer is poison');
  expect(await handledOf(ids)).toEqual(ids.map(() => 1));
  await service.stop();
  service = undefined;
  expect(await stage.ready('payment-service')).toBe(0);
});

test.each(['a\u0000b', '00-xyz', 7, `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])(
  'a traceparent such as %j is dropped, and the event decided in a new trace',
  async (traceparent) => {
    service = startFake(stage.brokerUrl, stage.database.url);
    const ids = orders(2);
    for (const [index, customer] of [undefined, LATER].entries()) {
      // completed() writes an object; only a field is added to it.
      const event = JSON.parse(completed(ids[index] ?? '', customer).toString()) as object;
      await stage.sayBytes(Buffer.from(JSON.stringify({ ...event, traceparent })));
    }
    const [answer] = await stage.answersTo(ids.slice(0, 1));
    expect(answer?.traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    await eventually(async () => {
      expect(await handledOf(ids)).toEqual(expect.arrayContaining([1, 2]));
    });
  },
);

test('a message to itself comes back after its delay', async () => {
  const ids = orders(3);
  await stage.say(ids, LATER);
  service = startFake(stage.brokerUrl, stage.database.url);
  const begun = performance.now();
  await eventually(async () => {
    expect(await handledOf(ids)).toEqual([2, 2, 2]);
  });
  expect(performance.now() - begun).toBeGreaterThan(900);
});

test('an effect is performed after the commit, and its answer decided', async () => {
  const ids = orders(3);
  await stage.say(ids, CALLER);
  let seenByEffect: readonly number[] = [];
  service = startFake(stage.brokerUrl, stage.database.url, {
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
  service = startFake(stage.brokerUrl, stage.database.url);
  const { participant } = service;
  const [orderId = ''] = orders(1);
  const results = await Promise.all(
    Array.from({ length: 50 }, () => participant.command({ key: orderId, message: { type: 'Touch' }, cause: {} })),
  );
  expect(results.every(({ outcome }) => outcome === 'counted')).toBe(true);
  expect(await handledOf([orderId])).toEqual([50]);
});
