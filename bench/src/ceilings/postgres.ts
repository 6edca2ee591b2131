/**
 * The rate of PostgreSQL alone: the writes of one saga, in four transactions, on the product's own tables (each
 * service's in a schema of one database, so that one session can write them all).
 *
 *     place:    orders, outbox
 *     reserve:  reservation, product's stock, outbox
 *     charge:   payments, the bank's ledger, outbox
 *     confirm:  orders, outbox, two notifications
 *
 * Row by row means a statement for each row within BEGIN and COMMIT, as an ORM writes it, from sixteen sessions at
 * once. In batches means the same rows, a hundred sagas in each of the four transactions, from four sessions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type QueryConfig } from 'pg';
import { uuidv7 } from 'uuidv7';
import { rootFolder } from '@quadrille/operator/src/root';
import { PRODUCTS } from '../customers/orders';
import type { Load } from './kinds';

/** Sessions that write row by row: more are no faster on two cores. */
const ROW_SESSIONS = 16;
/** Sessions that write batches, as the four services do. */
const BATCH_SESSIONS = 4;
/** The options of the product's own sessions: a plan made for empty tables would scan full ones from end to end. */
const PLANNER_OPTIONS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';
/** Rounds of each session before the measurement. */
const WARM_UP = 20;
/** Sagas of a batch. */
const BATCH = 100;

/** An event of the usual size. */
const EVENT = readFileSync(join(rootFolder, 'shared-events', 'samples', 'InventoryReserved.json'), 'utf8');

/** The values that the writes of one saga need. */
interface Saga {
  readonly id: string;
  readonly product: string;
  readonly uuids: readonly string[];
}

const newSaga = (n: number): Saga => ({
  id: uuidv7(),
  product: PRODUCTS[n % PRODUCTS.length] ?? '',
  uuids: Array.from({ length: 7 }, () => uuidv7()),
});

/** A statement over a set of sagas; `columns` are the values of one saga, each an array parameter. */
interface Write {
  readonly name: string;
  /** Returns the statement for `source`, which has the columns a, b, c: unnested arrays, or one row of values. */
  readonly text: (source: string) => string;
  readonly values: (saga: Saga) => readonly string[];
}

const LINES = `jsonb_build_array(jsonb_build_object('productId', b, 'quantity', 1, 'unitPriceMinor', 1000))`;

const outbox = (schema: string, uuid: number): Write => ({
  name: `${schema}-outbox-${String(uuid)}`,
  text: (source) => `INSERT INTO "${schema}".outbox (id, exchange, routing_key, order_id, body, available_at)
    SELECT a::uuid, 'order.events', 'OrderCreated', b, c, now() FROM ${source}`,
  values: (saga) => [saga.uuids[uuid] ?? '', saga.id, EVENT],
});
const notification = (kind: string, uuid: number): Write => ({
  name: `notification-${kind}`,
  text: (
    source,
  ) => `INSERT INTO "notification".notification (notification_id, customer_id, order_id, kind, subject, message, channel, attempts, sent_at)
    SELECT a, 'bench', b, '${kind}', 'Order confirmed', c, 'log', 1, now() FROM ${source}`,
  values: (saga) => [saga.uuids[uuid] ?? '', saga.id, 'Your order is confirmed.'],
});

const place: Write = {
  name: 'place',
  text: (
    source,
  ) => `INSERT INTO "order".orders (order_id, customer_id, status, items, currency, payment_method, inventory, payment, settled,
      timeline, request_hash, deadline_at)
    SELECT a, 'bench', 'PENDING', ${LINES}, 'USD', 'tok_success', 'none', 'none', false, '[]', c, now() FROM ${source}`,
  values: (saga) => [saga.id, saga.product, 'hash'],
};
const reserve: Write = {
  name: 'reserve',
  text: (
    source,
  ) => `INSERT INTO "inventory".reservation (order_id, customer_id, status, items, total_minor, currency, payment_method)
    SELECT a, 'bench', 'RESERVED', ${LINES}, 1000, 'USD', c FROM ${source}`,
  values: (saga) => [saga.id, saga.product, 'tok_success'],
};
const stock: Write = {
  name: 'stock',
  text: (source) => `UPDATE "inventory".product SET available = available - sold, reserved = reserved + sold
    FROM (SELECT b, count(*) AS sold FROM ${source} GROUP BY b) AS line WHERE product_id = b`,
  values: (saga) => [saga.id, saga.product, ''],
};
const pay: Write = {
  name: 'pay',
  text: (
    source,
  ) => `INSERT INTO "payment".payments (order_id, payment_id, customer_id, status, amount_minor, currency, method, attempt)
    SELECT a, b, 'bench', 'SUCCEEDED', 1000, 'USD', c, 1 FROM ${source}`,
  values: (saga) => [saga.id, saga.uuids[0] ?? '', 'tok_success'],
};
const charge: Write = {
  name: 'charge',
  text: (
    source,
  ) => `INSERT INTO "payment".simulated_gateway_charge (key, reference, status, calls, amount_minor, currency)
    SELECT b, a, 'charged', 1, 1000, c FROM ${source}`,
  values: (saga) => [saga.id, `charge-${saga.id}`, 'USD'],
};
const confirm: Write = {
  name: 'confirm',
  text: (
    source,
  ) => `UPDATE "order".orders SET status = 'CONFIRMED', inventory = 'reserved', payment = 'processed', settled = true,
      total_minor = 1000, attempts = 1, updated_at = now() FROM ${source} WHERE order_id = a`,
  values: (saga) => [saga.id, '', ''],
};

/** The four transactions of a saga. */
const STEPS: readonly (readonly Write[])[] = [
  [place, outbox('order', 1)],
  [reserve, stock, outbox('inventory', 2)],
  [pay, charge, outbox('payment', 3)],
  [confirm, outbox('order', 4), notification('PAYMENT_RECEIVED', 5), notification('CONFIRMED', 6)],
];

const ROW = '(SELECT $1::text AS a, $2::text AS b, $3::text AS c) AS saga';
const ROWS = 'unnest($1::text[], $2::text[], $3::text[]) AS saga (a, b, c)';

const forRow = ({ name, text, values }: Write, saga: Saga): QueryConfig => ({
  name: `row-${name}`,
  text: text(ROW),
  values: [...values(saga)],
});
const forBatch = ({ name, text, values }: Write, sagas: readonly Saga[]): QueryConfig => ({
  name: `batch-${name}`,
  text: text(ROWS),
  values: [0, 1, 2].map((column) => sagas.map((saga) => values(saga)[column] ?? '')),
});

async function transact(client: Client, queries: readonly QueryConfig[]): Promise<void> {
  await client.query('BEGIN');
  for (const query of queries) await client.query(query);
  await client.query('COMMIT');
}

async function openSessions(url: string, count: number): Promise<readonly Client[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = new Client({
        connectionString: url,
        application_name: 'quadrille-ceiling',
        options: PLANNER_OPTIONS,
      });
      await client.connect();
      return client;
    }),
  );
}

async function load(
  url: string,
  sessions: number,
  warmUp: number,
  saga: (client: Client, n: number) => Promise<number>,
): Promise<Load> {
  const clients = await openSessions(url, sessions);
  return {
    warmUp,
    run: async (stopped) => {
      let done = 0;
      const keepWriting = async (client: Client, session: number) => {
        for (let n = session; !stopped(done); n += sessions) {
          // Not `done += await`: that would read the sum before the other sessions have added to it.
          const written = await saga(client, n);
          done += written;
        }
      };
      await Promise.all(clients.map(keepWriting));
      return done;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

/** Opens the load of one saga after the other in each session, row by row. */
export const rowByRow = (url: string): Promise<Load> =>
  load(url, ROW_SESSIONS, ROW_SESSIONS * WARM_UP, async (client, n) => {
    const saga = newSaga(n);
    for (const step of STEPS)
      await transact(
        client,
        step.map((write) => forRow(write, saga)),
      );
    return 1;
  });

/** Opens the load of a hundred sagas in each transaction. */
export const inBatches = (url: string): Promise<Load> =>
  load(url, BATCH_SESSIONS, BATCH_SESSIONS * WARM_UP * BATCH, async (client) => {
    const sagas = Array.from({ length: BATCH }, (_, n) => newSaga(n));
    for (const step of STEPS)
      await transact(
        client,
        step.map((write) => forBatch(write, sagas)),
      );
    return BATCH;
  });
