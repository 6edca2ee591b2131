/**
 * Events that may linger, on the real broker and database: they are handled together, without delaying others, and
 * after a bounded time.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { eventually } from '@quadrille/test-kit';
import { startFake, type FakeService } from './fake-service';
import { cancelled, completed, orders, createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let service: FakeService;

beforeEach(async () => {
  fixture = await createFixture();
  service = startFake(fixture.brokerUrl, fixture.database.url);
  const [first = ''] = orders(1);
  await fixture.publishBytes(completed(first));
  await fixture.eventsFor([first]);
});
afterEach(async () => {
  await service.stop();
  await fixture.close();
});

const batches = () => service.counted('batch_size_count', { lane: 'consumer' });
const allHandled = (count: number) =>
  eventually(async () => {
    expect(await service.counted('messages_handled_total', { outcome: 'seen' })).toBe(count);
  });

test('one at a time, they share transactions all the same', async () => {
  const before = await batches();
  for (const orderId of orders(40)) await fixture.publishBytes(cancelled(orderId));
  await allHandled(41);
  expect((await batches()) - before).toBeLessThanOrEqual(20);
});

test('an event that somebody waits for is handled at once, and takes them along', async () => {
  let answered = fixture.received().length;
  const answersWithin = async (...events: readonly Buffer[]) => {
    const sentMs = performance.now();
    await Promise.all(events.map((event) => fixture.publishBytes(event)));
    answered += events.length;
    while (fixture.received().length < answered) await setImmediate();
    return performance.now() - sentMs;
  };
  const [alone, accompanied]: [number[], number[]] = [[], []];
  for (const orderId of orders(10)) {
    alone.push(await answersWithin(cancelled(orderId)));
    accompanied.push(await answersWithin(cancelled(randomUUID()), completed(randomUUID())));
  }
  expect(median(accompanied)).toBeLessThan(median(alone) / 2);
});

test('a service that stops finishes what lingers', async () => {
  const [orderId = ''] = orders(1);
  await fixture.publishBytes(cancelled(orderId));
  await eventually(async () => {
    expect(await fixture.ready('payment-service')).toBe(0);
  });
  await service.participant.stop();
  await allHandled(2);
});

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
