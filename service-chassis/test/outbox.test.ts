/** The outbox after the process that wrote it has died. */
import { randomUUID } from 'node:crypto';
import { envelop, exchangeOf } from '@quadrille/shared-events';
import { eventually } from '@quadrille/test-kit';
import { startFake, type FakeService } from './fake-service';
import { orders, createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let services: FakeService[] = [];

beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(async () => {
  await Promise.all(services.map((service) => service.stop()));
  services = [];
  await fixture.close();
});

const start = () => {
  const service = startFake(fixture.brokerUrl, fixture.database.url);
  services.push(service);
  return service;
};

/** Leaves rows behind, as a process does that dies between commit and publish. */
async function leaveBehind(service: FakeService, orderIds: readonly string[]): Promise<void> {
  const events = orderIds.map((orderId) =>
    envelop('PaymentVoided', { orderId, customerId: 'c' }, { id: randomUUID(), time: new Date().toISOString() }),
  );
  await service.pool.query(
    `INSERT INTO outbox (id, exchange, routing_key, order_id, body, available_at)
    SELECT id, $1, 'PaymentVoided', order_id, body, now() FROM unnest($2::uuid[], $3::text[], $4::text[]) AS row (id, order_id, body)`,
    [
      exchangeOf('PaymentVoided'),
      events.map(({ id }) => id),
      events.map(({ subject }) => subject),
      events.map((event) => JSON.stringify(event)),
    ],
  );
}

const empty = (service: FakeService) =>
  eventually(async () => {
    expect((await service.pool.query('SELECT id FROM outbox')).rows).toEqual([]);
  });

test('rows of a dead process are relayed, once', async () => {
  const service = start();
  const ids = orders(1_200);
  await leaveBehind(service, ids);
  await fixture.eventsFor(ids);
  await empty(service);
  expect(await service.counted('outbox_relayed_total')).toBe(1_200);
});

test('two relays share the work: no row is published by both', async () => {
  const both = [start(), start()];
  for (let round = 0; round < 5; round++) await leaveBehind(both[0] ?? start(), orders(700));
  await eventually(() => {
    expect(fixture.received()).toHaveLength(3_500);
  });
  for (const service of both) await empty(service);
  const events = fixture.received();
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const relayed = await Promise.all(both.map((service) => service.counted('outbox_relayed_total')));
  expect(relayed.reduce((sum, rows) => sum + rows, 0)).toBe(3_500);
});

test('a row that its writer is about to publish is left to it', async () => {
  const both = [start(), start()];
  const ids = orders(500);
  await fixture.publish(ids);
  await fixture.eventsFor(ids);
  for (const service of both) await empty(service);
  expect(await both[0]?.counted('outbox_relayed_total')).toBe(0);
  expect(await both[1]?.counted('outbox_relayed_total')).toBe(0);
});

test('a row without a trace is relayed without one', async () => {
  const { queue } = await fixture.channel.assertQueue('', { exclusive: true });
  await fixture.channel.bindQueue(queue, exchangeOf('PaymentVoided'), '#');
  await leaveBehind(start(), orders(1));
  const { properties } = await fixture.take(queue);
  expect(Object.keys(properties.headers ?? {})).not.toContain('traceparent');
});
