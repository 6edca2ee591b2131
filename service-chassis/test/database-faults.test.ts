/** The database disappears during the work: nothing is lost, nothing is nacked, and the work resumes. */
import { eventually, startTcpProxy, type TcpProxy } from '@quadrille/test-kit';
import { startFake, type FakeService } from './fake-service';
import { orders, createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let proxy: TcpProxy;
let service: FakeService;

beforeEach(async () => {
  fixture = await createFixture();
  proxy = await startTcpProxy(fixture.database.url);
  service = startFake(fixture.brokerUrl, proxy.through(fixture.database.url));
  const first = orders(1);
  await fixture.publish(first);
  await eventually(async () => {
    expect(await service.counted('messages_handled_total')).toBe(1);
  });
  await fixture.eventsFor(first);
});
afterEach(async () => {
  await service.stop();
  await proxy.close();
  await fixture.close();
});

const answered = async (orderIds: readonly string[]) => {
  await eventually(() => {
    const events = fixture.received();
    expect(new Set(events.map(({ subject }) => subject)).size).toBe(orderIds.length + 1);
    expect(events).toHaveLength(orderIds.length + 1);
  }, 40_000);
};

test('connections cut: consuming pauses, no message is delivered twice, and all is handled when it is back', async () => {
  await proxy.cut();
  const ids = orders(300);
  await fixture.publish(ids);
  await eventually(async () => {
    expect(await service.counted('batch_size_count')).toBe(2);
  });
  await expect(service.participant.command({ key: 'any', message: { type: 'Touch' }, cause: {} })).rejects.toThrow();
  await proxy.resume();
  await answered(ids);
  expect(await service.counted('messages_redelivered_total')).toBe(0);
  expect(await service.counted('messages_parked_total')).toBe(0);
});

test('a black hole: the silence is noticed, and all is handled when it is over', async () => {
  proxy.blackHole();
  const ids = orders(50);
  await fixture.publish(ids);
  await expect(service.participant.command({ key: 'any', message: { type: 'Touch' }, cause: {} })).rejects.toThrow(
    /timeout|terminated/i,
  );
  await proxy.resume();
  await answered(ids);
  expect(await service.counted('messages_redelivered_total')).toBe(0);
  expect(await service.counted('messages_parked_total')).toBe(0);
});

test('sessions ended by the server, again and again: every message is still handled once', async () => {
  const ids = orders(2_000);
  const publishing = fixture.publish(ids);
  const { client, end } = await fixture.administrator();
  for (let round = 0; round < 5; round++) {
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = $2',
      [new URL(fixture.database.url).pathname.slice(1), 'payment-service'],
    );
    const before = await service.counted('messages_handled_total');
    await eventually(async () => {
      expect(await service.counted('messages_handled_total')).toBeGreaterThan(Math.min(before, 2_000));
    });
  }
  await end();
  await publishing;
  await answered(ids);
  expect(await service.counted('messages_parked_total')).toBe(0);
});
