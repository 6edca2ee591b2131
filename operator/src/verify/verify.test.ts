/** Plants one breach of each invariant into test databases, ledger and broker, and expects the checker to name it. */
import { connect } from 'amqplib';
import { Client, Pool } from 'pg';
import { services, shortNames, topology, type ShortName } from '../services';
import {
  createTestDatabase,
  createTestVirtualHost,
  type TestDatabase,
  testServers,
  type TestVirtualHost,
} from '@quadrille/test-kit';
import { scanOrders } from './read-orders';
import { holds, report } from './report';
import { verify, type VerifyAddresses, type VerifyOptions } from './verify';

/** Short waits: the planted breaches do not change. */
const PATIENCE = { persistMs: 100, settleWithinMs: 200 };

let databases: Record<ShortName, TestDatabase>;
let virtualHost: TestVirtualHost;
let addresses: VerifyAddresses;

const run = async (name: ShortName, sql: string, values: unknown[] = []) => {
  const client = new Client({ connectionString: databases[name].url });
  await client.connect();
  try {
    await client.query(sql, values);
  } finally {
    await client.end();
  }
};

const check = async (options: VerifyOptions = {}) => verify(addresses, { ...PATIENCE, ...options });

/** The same id for the same number, in the order of the numbers. */
const idOf = (n: number) => `01990000-0000-7000-8000-${String(n).padStart(12, '0')}`;

interface Planted {
  readonly n: number;
  readonly status?: string;
  readonly settled?: boolean;
  readonly reservation?: string;
  readonly payment?: string;
  readonly key?: string;
}

/** Plants an order of two mugs at 10.00 that is settled in all services, unless the changes say otherwise. */
async function plant({ n, status = 'CONFIRMED', settled = true, reservation, payment, key }: Planted): Promise<string> {
  const id = idOf(n);
  const items = JSON.stringify([{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }]);
  await run(
    'order',
    `INSERT INTO orders (order_id, customer_id, status, items, currency, payment_method, total_minor, inventory, payment, settled, timeline,
      request_hash, deadline_at, idempotency_key)
     VALUES ($1, 'alice', $2, $3, 'USD', 'tok_success', 2000, 'reserved', 'processed', $4, '[]', '', now(), $5)`,
    [id, status, items, settled, key ?? null],
  );
  await run(
    'inventory',
    `WITH moved AS (UPDATE product SET available = available - 2, committed = committed + 2 WHERE product_id = 'mug' AND $2::text = 'COMMITTED')
     INSERT INTO reservation (order_id, customer_id, status, items) VALUES ($1, 'alice', $2::text::"ReservationStatus", $3)`,
    [id, reservation ?? 'COMMITTED', items],
  );
  await run(
    'payment',
    `WITH charge AS (INSERT INTO simulated_gateway_charge (key, reference, status, amount_minor, currency)
       VALUES ('charge-' || $1::text, $1, 'charged', 2000, 'USD'))
     INSERT INTO payments (order_id, payment_id, customer_id, status, amount_minor) VALUES ($1, $1, 'alice', $2, 2000)`,
    [id, payment ?? 'SUCCEEDED'],
  );
  await run(
    'notification',
    `INSERT INTO notification (notification_id, customer_id, order_id, kind, subject, message, channel) VALUES ($1, 'alice', $1, 'CONFIRMED', 's', 'm', 'log')`,
    [id],
  );
  return id;
}

beforeEach(async () => {
  const made = await Promise.all(
    shortNames.map(async (name) => [name, await createTestDatabase(services[name].table.name)] as const),
  );
  // One entry for each short name was just made.
  databases = Object.fromEntries(made) as Record<ShortName, TestDatabase>;
  virtualHost = await createTestVirtualHost(topology);
  const { url, user, password } = testServers().management;
  const [order, inventory, payment, notification] = made.map(([, { url: database }]) => database);
  addresses = {
    amqp: virtualHost.adminUrl,
    management: url,
    credentials: { user, password },
    databases: { order, inventory, payment, notification } as VerifyAddresses['databases'], // all four were made
  };
  await run(
    'inventory',
    `WITH created AS (INSERT INTO product (product_id, name, category, price_minor, currency, available) VALUES ('mug', 'Mug', 'kitchen', 1000, 'USD', 100))
     INSERT INTO stock_adjustment (product_id, delta, reason) VALUES ('mug', 100, 'test')`,
  );
  await plant({ n: 1 });
});

afterEach(async () => {
  await virtualHost.remove();
  await Promise.all(Object.values(databases).map((database) => database.drop()));
});

it('finds nothing wrong with a system that is right', async () => {
  await plant({ n: 2, key: 'k' });
  const verdict = await check({ requested: [idOf(1), idOf(2)] });
  expect(verdict.breaches).toEqual([]);
  expect(holds(verdict)).toBe(true);
  expect(report(verdict)).toMatchObject([
    '  ✓ 1 settled        2 orders:\n                     2 CONFIRMED',
    '  ✓ 2 stock          1 product, 100 units, every one accounted for',
    '  ✓ 3 money          2 charges, 0 refunds, the books balance',
    '  ✓ 4 agreement      2 orders agree with reservation and payment',
    '  ✓ 5 notifications  2 notifications, one for each order and kind',
    '  ✓ 6 rest           outboxes empty, queues empty, nothing parked',
    '  ✓ 7 idempotency    1 key, one order each',
    '',
    expect.stringContaining('All seven invariants hold'),
  ]);
});

const stray = `INSERT INTO simulated_gateway_charge (key, reference, status, amount_minor, currency) VALUES ('another', $1, 'charged', 2000, 'USD')`;
const outboxRow = (age: string) =>
  `INSERT INTO outbox (id, exchange, routing_key, order_id, body, available_at, created_at)
   VALUES (gen_random_uuid(), 'order.events', 'OrderCreated', 'x', '{}', now(), now() - interval '${age}')`;
const secondNotification = `INSERT INTO notification (notification_id, customer_id, order_id, kind, subject, message, channel)
  VALUES ('second', 'alice', $1, 'CONFIRMED', 's', 'm', 'log')`;

interface Plan {
  readonly name: string;
  readonly plant: () => Promise<unknown>;
  readonly breach: { readonly invariant: number; readonly orderId?: string; readonly productId?: string };
  readonly says: string;
}

const plans: readonly Plan[] = [
  {
    name: 'an order that never settles',
    plant: () =>
      plant({ n: 2, status: 'PENDING', settled: false, reservation: 'RESERVED' }).then(() =>
        run('inventory', `UPDATE product SET available = available - 2, reserved = reserved + 2`),
      ),
    breach: { invariant: 1, orderId: idOf(2) },
    says: 'not settled: order PENDING, reservation RESERVED, payment SUCCEEDED',
  },
  {
    name: 'stock that nobody adjusted',
    plant: () => run('inventory', 'UPDATE product SET available = available + 1'),
    breach: { invariant: 2, productId: 'mug' },
    says: '101 in all, 100 by its adjustments',
  },
  {
    name: 'a second charge',
    plant: () => run('payment', stray, [idOf(1)]),
    breach: { invariant: 3, orderId: idOf(1) },
    says: 'charged 2 times',
  },
  {
    name: 'a cancelled order whose money was kept',
    plant: () => run('order', "UPDATE orders SET status = 'CANCELLED'"),
    breach: { invariant: 3, orderId: idOf(1) },
    says: '0.00 are due: order CANCELLED, reservation COMMITTED, payment SUCCEEDED, charged 20.00',
  },
  {
    name: 'a payment that says something else than the order',
    plant: () => run('payment', "UPDATE payments SET status = 'VOIDED'"),
    breach: { invariant: 4, orderId: idOf(1) },
    says: 'order CONFIRMED, reservation COMMITTED, payment VOIDED',
  },
  {
    name: 'a reservation, payment and charge of an order that does not exist',
    plant: () => plant({ n: 2 }).then(() => run('order', 'DELETE FROM orders WHERE order_id = $1', [idOf(2)])),
    breach: { invariant: 4, orderId: idOf(2) },
    says: 'order missing, reservation COMMITTED',
  },
  {
    name: 'a customer told twice',
    plant: () =>
      run('notification', 'DROP INDEX notification_order_id_kind_key').then(() =>
        run('notification', secondNotification, [idOf(1)]),
      ),
    breach: { invariant: 5, orderId: idOf(1) },
    says: 'more than one notification of: CONFIRMED',
  },
  {
    name: 'an event that nobody publishes',
    plant: () => run('order', outboxRow('1 minute')),
    breach: { invariant: 6 },
    says: 'outbox of order-service: 1 unpublished',
  },
  {
    name: 'a message that nobody takes',
    plant: () => publish('inventory-service'),
    breach: { invariant: 6 },
    says: 'queue inventory-service: 1 messages ready',
  },
  {
    name: 'a dead letter',
    plant: () => publish('payment-service.dead-letter'),
    breach: { invariant: 6 },
    says: '1 messages are parked, not 0: payment-service.dead-letter 1',
  },
  {
    name: 'a key of two orders',
    plant: () =>
      run('order', 'DROP INDEX orders_idempotency_key_key')
        .then(() => plant({ n: 2, key: 'k' }))
        .then(() => plant({ n: 3, key: 'k' })),
    breach: { invariant: 7, orderId: idOf(2) },
    says: `Idempotency-Key k has 2 orders: ${idOf(2)}, ${idOf(3)}`,
  },
];

async function publish(queue: string): Promise<void> {
  const connection = await connect(virtualHost.adminUrl);
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue(queue, Buffer.from('{}'), { persistent: true });
  await channel.waitForConfirms();
  await connection.close();
}

it.each(plans)('names $name', async ({ plant: plantIt, breach, says }) => {
  await plantIt();
  const verdict = await check();
  expect(
    verdict.breaches.find(({ invariant, detail }) => invariant === breach.invariant && detail.includes(says)),
  ).toMatchObject(breach);
  expect(holds(verdict)).toBe(false);
  expect(report(verdict).join('\n')).toContain(says);
});

it('names an order that was answered and is not there', async () => {
  const verdict = await check({ requested: [idOf(1), idOf(9)] });
  expect(verdict.breaches).toEqual([{ invariant: 1, orderId: idOf(9), detail: 'was answered 2xx and does not exist' }]);
});

it('takes parked messages for what they are when it knows of them', async () => {
  await publish('payment-service.dead-letter');
  expect((await check({ poison: 1 })).breaches).toEqual([]);
});

it('does not take parked messages that become more for a system at work', async () => {
  await publish('payment-service.dead-letter');
  const verdict = await check({ persistMs: 500, onWaiting: () => void publish('payment-service.dead-letter') });
  expect(verdict.breaches).toMatchObject([
    { invariant: 6, detail: expect.stringContaining('messages are parked') as string },
  ]);
});

it('waits for what is on its way: an order that settles, a row just written', async () => {
  await plant({ n: 2, settled: false });
  await run('order', outboxRow('0 s'));
  const verdict = await check({
    persistMs: 2_000,
    settleWithinMs: 20_000,
    onWaiting: () =>
      void run('order', 'UPDATE orders SET settled = true').then(() => run('order', 'DELETE FROM outbox')),
  });
  expect(verdict.breaches).toEqual([]);
  expect(verdict.tally.orders).toBe(2);
});

it('works without a management API, by AMQP alone', async () => {
  await publish('order-service');
  const verdict = await verify({ ...addresses, management: null, credentials: null }, PATIENCE);
  expect(verdict.breaches).toEqual([
    { invariant: 6, detail: 'queue order-service: 1 messages ready, 0 unacknowledged' },
  ]);
});

it('reads orders page by page, every one of them once', async () => {
  for (const n of [2, 3, 4, 5]) await plant({ n });
  const open = (name: ShortName) => new Pool({ connectionString: databases[name].url });
  const pools = {
    order: open('order'),
    inventory: open('inventory'),
    payment: open('payment'),
    notification: open('notification'),
  };
  const seen: string[] = [];
  for await (const page of scanOrders(pools, 2)) seen.push(...page.map(({ orderId }) => orderId));
  await Promise.all(Object.values(pools).map((pool) => pool.end()));
  expect(seen).toEqual([1, 2, 3, 4, 5].map(idOf));
});
