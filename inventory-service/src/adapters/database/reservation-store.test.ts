import { decideBy, inTransaction, type Input } from '@quadrille/service-chassis';
import { envelop, type EventData } from '@quadrille/shared-events';
import { createTestDatabase, type TestDatabase } from '@quadrille/test-kit';
import { Pool } from 'pg';
import { service } from '../../service';
import { setProduct } from './set-product';
import { seedCatalogue } from './seed-catalogue';
import { createReservationStore, overdueReservations, type ReservationMessage } from './reservation-store';

/** Long enough that nothing heals by itself while a test runs. */
const HEALING_AFTER_MS = 600_000;

const decide = decideBy(service);
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let testDatabase: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  testDatabase = await createTestDatabase('inventory-service');
  pool = new Pool({ connectionString: testDatabase.url, max: 4 });
});
afterAll(async () => {
  await pool.end();
  await testDatabase.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE reservation, stock_adjustment, product');
  for (const productId of ['bean', 'cup']) await setProduct(pool, 'USD', { productId, available: 10, priceMinor: 250 });
});

/** Loads, decides and saves one batch, as the processor does. */
const handle = (...inputs: readonly Input<ReservationMessage>[]) =>
  inTransaction(pool, async (tx) => {
    const states = await createReservationStore(HEALING_AFTER_MS).load(tx, inputs);
    const outcomes = inputs.map((input) => {
      const before = states.get(input.key);
      const { state, outcome } = decide(before, input.message);
      states.put(input, state, state !== before, []);
      return outcome;
    });
    await Promise.all(states.save());
    return outcomes;
  });

const input = (message: Exclude<ReservationMessage, { type: 'ReservationOverdue' }>): Input<ReservationMessage> => ({
  key: message.subject,
  message,
  cause: { messageId: message.id, traceparent },
});
const stamp = { id: 'message-1', time: '2026-11-21T12:00:00.000Z' };
const created = (orderId: string, ...items: EventData<'OrderCreated'>['items']) =>
  input(
    envelop('OrderCreated', { orderId, customerId: 'c', items, currency: 'USD', paymentMethod: 'tok_visa' }, stamp),
  );
const confirmed = (orderId: string) =>
  input(envelop('OrderConfirmed', { orderId, customerId: 'c', totalMinor: 1, currency: 'USD' }, stamp));
const cancelled = (orderId: string) =>
  input(envelop('OrderCancelled', { orderId, customerId: 'c', reason: 'CUSTOMER_REQUEST' }, stamp));
const overdue = (orderId: string): Input<ReservationMessage> => ({
  key: orderId,
  message: { type: 'ReservationOverdue' },
  cause: {},
});
const line = (productId: string, quantity: number) => ({ productId, quantity, unitPriceMinor: null });

const stock = async () => {
  const { rows } = await pool.query<{ levels: string }>(
    "SELECT concat_ws('/', available, reserved, committed) AS levels FROM product ORDER BY product_id",
  );
  return rows.map(({ levels }) => levels);
};

test('several orders of one product share a batch, and the last unit goes once', async () => {
  const outcomes = await handle(
    created('a', line('bean', 4)),
    created('b', line('bean', 4), line('cup', 1)),
    created('c', line('bean', 4)),
    created('a', line('bean', 4)),
    cancelled('a'),
    created('d', line('bean', 6)),
  );
  expect(outcomes).toEqual([
    'reserved',
    'reserved',
    'unavailable: OUT_OF_STOCK',
    'unchanged: RESERVED',
    'released',
    'reserved',
  ]);
  expect(await stock()).toEqual(['0/10/0', '9/1/0']);
});

test('what is saved is what is loaded', async () => {
  await handle(created('a', line('bean', 2)), created('b', line('unicorn', 1)), cancelled('c'));
  expect(await handle(confirmed('a'), created('c', line('bean', 1)), created('b', line('bean', 1)))).toEqual([
    'committed',
    'unchanged: TOMBSTONE',
    'unchanged: UNAVAILABLE',
  ]);
  expect(await handle(cancelled('a'))).toEqual(['released']);
  expect(await stock()).toEqual(['10/0/0', '10/0/0']);
  const { rows } = await pool.query('SELECT order_id, status, reason, traceparent FROM reservation ORDER BY order_id');
  expect(rows).toEqual([
    { order_id: 'a', status: 'RELEASED', reason: 'CUSTOMER_REQUEST', traceparent },
    { order_id: 'b', status: 'UNAVAILABLE', reason: 'UNKNOWN_PRODUCT', traceparent },
    { order_id: 'c', status: 'TOMBSTONE', reason: 'CUSTOMER_REQUEST', traceparent },
  ]);
});

test('a reservation that waits is nudged with growing pauses, in the trace of its order', async () => {
  await handle(created('a', line('bean', 2)), created('b', line('bean', 2)));
  await handle(confirmed('b'));
  expect(await overdueReservations(pool, 10)).toEqual([]);
  expect(await handle(overdue('a'))).toEqual(['unchanged: not due']);
  await pool.query(
    "UPDATE reservation SET due_at = now() - interval '1 second', updated_at = now() - interval '1 day' WHERE due_at IS NOT NULL",
  );
  expect(await overdueReservations(pool, 10)).toEqual([{ ...overdue('a'), cause: { traceparent } }]);
  expect(await handle(overdue('a'))).toEqual(['nudged']);
  const { rows } = await pool.query(
    `SELECT nudges, round(extract(epoch FROM due_at - now()) / 100)::int AS due, updated_at < now() - interval '1 hour' AS untouched
     FROM reservation WHERE order_id = 'a'`,
  );
  expect(rows).toEqual([{ nudges: 1, due: 6, untouched: true }]);
  expect(await handle(created('a', line('bean', 2)))).toEqual(['unchanged: answered again']);
  expect(await handle(confirmed('a'), confirmed('a'))).toEqual(['committed', 'unchanged: COMMITTED']);
  expect(await overdueReservations(pool, 10)).toEqual([]);
});

test('who repeats himself does not put off the nudge', async () => {
  await handle(created('a', line('bean', 2)));
  await pool.query("UPDATE reservation SET due_at = now() - interval '1 second'");
  expect(await handle(created('a', line('bean', 2)), created('a', line('bean', 2)))).toEqual([
    'unchanged: RESERVED',
    'unchanged: RESERVED',
  ]);
  expect(await overdueReservations(pool, 10)).toEqual([{ ...overdue('a'), cause: { traceparent } }]);
});

test('the database itself refuses stock below zero', async () => {
  await expect(pool.query("UPDATE product SET available = -1 WHERE product_id = 'bean'")).rejects.toThrow(
    'product_stock_check',
  );
});

test('batches that want the same products in another order do not stand in each other’s way', async () => {
  const batches = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0
      ? handle(created(`order-${String(index)}`, line('bean', 1), line('cup', 1)))
      : handle(created(`order-${String(index)}`, line('cup', 1), line('bean', 1))),
  );
  const outcomes = (await Promise.all(batches)).flat();
  expect(outcomes.filter((outcome) => outcome === 'reserved')).toHaveLength(10);
  expect(await stock()).toEqual(['0/10/0', '0/10/0']);
});

test('every change of the sum is in the ledger', async () => {
  await handle(created('a', line('bean', 3)));
  await Promise.all([7, 4, 12, 0, 9].map((available) => setProduct(pool, 'USD', { productId: 'bean', available })));
  expect(await setProduct(pool, 'USD', { productId: 'bean', available: 5, name: 'Beans' })).toEqual({
    created: false,
    levels: { available: 5, reserved: 3, committed: 0 },
  });
  const { rows } = await pool.query(
    `SELECT name, (available + reserved + committed)::int AS sum, (SELECT sum(delta)::int FROM stock_adjustment a
       WHERE a.product_id = product.product_id) AS ledger, price_minor::int AS price FROM product WHERE product_id = 'bean'`,
  );
  expect(rows).toEqual([{ name: 'Beans', sum: 8, ledger: 8, price: 250 }]);
});

test('a seed fills an empty catalogue once, also when two start at once', async () => {
  expect(await seedCatalogue(pool, 'USD')).toBe(0);
  await pool.query('TRUNCATE stock_adjustment, product');
  await Promise.all([seedCatalogue(pool, 'USD'), seedCatalogue(pool, 'USD')]);
  const { rows } = await pool.query(
    `SELECT count(*)::int AS products, (SELECT sum(delta) FROM stock_adjustment) = sum(available) AS recorded,
       count(*) FILTER (WHERE available = 0)::int AS sold_out FROM product`,
  );
  expect(rows).toEqual([{ products: 51, recorded: true, sold_out: 2 }]);
});
