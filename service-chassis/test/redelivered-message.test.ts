/**
 * What becomes of a redelivered message on the real broker and database: decided once, or parked when it kills its
 * process.
 */
import { eventually } from '@quadrille/test-kit';
import { POISON, startFake, type FakeService } from './fake-service';
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

const redeliveredId = 'redelivered';

/** Sends a message that the service receives as redelivered. */
const redeliver = async (payload: Buffer, messageId = redeliveredId) => {
  await fixture.publishBytes(payload, { messageId });
  await fixture.giveBack();
};

/** Counts deaths of the process over the redelivered message. */
const countDeaths = async (deaths: number) => {
  const { client, end } = await fixture.administrator(fixture.database.url);
  await client.query('INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, $2)', [redeliveredId, deaths]);
  await end();
};

const countedAttempts = async () => (await service?.pool.query('SELECT 1 FROM delivery_attempt'))?.rows;

describe('a redelivered message', () => {
  test.each(['a\u0000b', 'x'.repeat(200), 'ü'])('of the odd id %j is decided, once', async (odd) => {
    const [orderId = ''] = orders(1);
    await redeliver(completed(orderId), odd);
    service = startFake(fixture.brokerUrl, fixture.database.url);
    await fixture.eventsFor([orderId]);
    expect(await service.counted('messages_redelivered_total')).toBe(1);
    await eventually(async () => {
      expect(await countedAttempts()).toEqual([]);
    });
  });

  test('that took the process down again and again is poison: it goes to the dead letters with the reason', async () => {
    const [orderId = ''] = orders(1);
    await countDeaths(3);
    await redeliver(completed(orderId));
    service = startFake(fixture.brokerUrl, fixture.database.url);
    const { properties } = await fixture.take('payment-service.dead-letter');
    expect(properties.headers?.['x-reason']).toBe('POISON: the process died 3 times while handling it');
    expect(await service.handled([orderId])).toEqual([]);
    await eventually(async () => {
      expect(await countedAttempts()).toEqual([]);
    });
  });

  test('that waits for a lock is not counted yet: its process may die of anything', async () => {
    const [orderId = ''] = orders(1);
    const { client, end } = await fixture.administrator(fixture.database.url);
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [orderId]);
    await redeliver(completed(orderId));
    service = startFake(fixture.brokerUrl, fixture.database.url);
    await eventually(async () => {
      expect((await client.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).rowCount).toBe(
        1,
      );
    });
    expect(await countedAttempts()).toEqual([]);
    await client.query('COMMIT');
    await fixture.eventsFor([orderId]);
    // The count has gone with the commit.
    expect(await countedAttempts()).toEqual([]);
    await end();
  });

  test('that fails for a reason of its own is no death: what is parked leaves no count behind', async () => {
    const [orderId = ''] = orders(1);
    await countDeaths(2);
    await redeliver(completed(orderId, POISON));
    service = startFake(fixture.brokerUrl, fixture.database.url);
    const { properties } = await fixture.take('payment-service.dead-letter');
    expect(properties.headers?.['x-reason']).toBe('HANDLER_FAILED: this customer is poison');
    await eventually(async () => {
      expect(await countedAttempts()).toEqual([]);
    });
  });

  test('is decided although it cannot be counted', async () => {
    const [orderId = ''] = orders(1);
    const { client, end } = await fixture.administrator(fixture.database.url);
    await client.query('ALTER TABLE delivery_attempt RENAME TO mislaid');
    await end();
    await redeliver(completed(orderId));
    service = startFake(fixture.brokerUrl, fixture.database.url);
    await fixture.eventsFor([orderId]);
    await service.stop();
    service = undefined;
    expect(await fixture.ready('payment-service')).toBe(0);
  });
});
