/** The chassis deletes its own rows when they are old. */
import { eventually } from '@quadrille/test-kit';
import { PURGE_BATCH } from '../src/processing/purge';
import { startFake, type FakeService } from './fake-service';
import { createFixture, type Fixture } from './fixture';

let fixture: Fixture;
let service: FakeService;

beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(async () => {
  await service.stop();
  await fixture.close();
});

test('counts of redeliveries that nobody asks for any more are deleted, batch after batch; younger ones stay', async () => {
  const { client, end } = await fixture.administrator(fixture.database.url);
  const plant =
    'INSERT INTO delivery_attempt (message_id, attempts, updated_at) SELECT $1 || n, 1, now() - $2::interval FROM generate_series(1, $3) AS n';
  await client.query(plant, ['old-', '25 hours', PURGE_BATCH + 1]);
  await client.query(plant, ['young-', '23 hours', 3]);
  service = startFake(fixture.brokerUrl, fixture.database.url);
  await eventually(async () => {
    const { rows } = await client.query('SELECT message_id FROM delivery_attempt ORDER BY message_id');
    expect(rows.map((row: { message_id: string }) => row.message_id)).toEqual(['young-1', 'young-2', 'young-3']);
  });
  await end();
});
