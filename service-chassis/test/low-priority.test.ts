/** Events of low priority, on the real broker and database: however many wait, other events are handled meanwhile. */
import { exchangeOf } from '@quadrille/shared-events';
import { eventually } from '@quadrille/test-kit';
import { LATER, startFake, type FakeService } from './fake-service';
import { bytesOf, cancelled, orders, createFixture, type Fixture } from './fixture';

/** Some seconds of work at the pace of low priority, and a moment at the usual pace. */
const BACKLOG = 2_000;

const LANE = 'low-priority consumer';

let fixture: Fixture;
let service: FakeService;

beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(async () => {
  await service.stop();
  await fixture.close();
});

/** Publishes an event of low priority for each order. */
async function mention(orderIds: readonly string[]): Promise<void> {
  for (const orderId of orderIds) {
    const data = { orderId, customerId: 'customer', totalMinor: 100, currency: 'USD' };
    fixture.channel.publish(exchangeOf('OrderConfirmed'), 'OrderConfirmed', bytesOf('OrderConfirmed', data));
  }
  await fixture.channel.waitForConfirms();
}

test('what came later overtakes a backlog, which is handled as well', async () => {
  const [backlog, urgent] = [orders(BACKLOG), orders(10)];
  await mention(backlog);
  await fixture.publish(urgent);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const before = await eventually(() => {
    const answered = fixture.received().map(({ subject }) => subject);
    expect(answered).toEqual(expect.arrayContaining([...urgent]));
    return answered.length - urgent.length;
  });
  expect(before).toBeLessThan(BACKLOG / 4);
  await fixture.eventsFor([...backlog, ...urgent]);
});

test('a backlog is handled in small batches, and leaves half of the time to the others', async () => {
  const backlog = orders(BACKLOG);
  await mention(backlog);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await eventually(() => {
    expect(fixture.received().length).toBeGreaterThan(0);
  });
  const startedMs = performance.now();
  await fixture.eventsFor(backlog);
  const elapsedS = (performance.now() - startedMs) / 1_000;
  const batches = await service.counted('batch_size_count', { lane: LANE });
  expect(BACKLOG / batches).toBeLessThanOrEqual(20);
  expect(await service.counted('batch_duration_seconds_sum', { lane: LANE })).toBeLessThan(elapsedS * 0.7);
});

test('with little to do it lingers longer than the others: what they hear a moment later is handled before', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const published = [...orders(1)];
  await fixture.publish(published);
  await fixture.eventsFor(published);
  let overtaken = 0;
  for (const [sooner = '', later = ''] of Array.from({ length: 5 }, () => orders(2))) {
    await mention([sooner]);
    await fixture.publishBytes(cancelled(later));
    published.push(sooner, later);
    await fixture.eventsFor(published);
    const answered = fixture.received().map(({ subject }) => subject);
    if (answered.indexOf(later) < answered.indexOf(sooner)) overtaken += 1;
  }
  // A stall of the machine may hold up one of them.
  expect(overtaken).toBeGreaterThanOrEqual(4);
});

test('its connection is closed under load: it comes back, and nothing is lost', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  // The management API's figures are some seconds old.
  const { management, name } = fixture.host;
  await eventually(async () => {
    const connections = await management.request('GET', `vhosts/${name}/connections`);
    expect(JSON.stringify(connections)).toContain('low-priority consume');
  });
  const backlog = orders(BACKLOG);
  await mention(backlog);
  expect(await fixture.closeConnections('low-priority consume')).toBe(1);
  expect(fixture.received().length).toBeLessThan(backlog.length);
  await fixture.eventsFor(backlog);
});

test('a message that comes back from a delay may be overtaken, too', async () => {
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await fixture.publish(orders(5), LATER);
  await eventually(async () => {
    expect(await service.counted('messages_handled_total', { outcome: 'counted' })).toBe(5);
  });
  expect(await service.counted('batch_size_sum', { lane: LANE })).toBe(5);
  expect(await fixture.ready('payment-service.low-priority')).toBe(0);
});
