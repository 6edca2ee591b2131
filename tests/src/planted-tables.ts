/**
 * Tables as the planner sees them after 10,000,000 orders: some thousand rows with the values of a busy shop are
 * analyzed, and their counts multiplied by a thousand in the catalogue. PostgreSQL estimates rows by density times
 * pages, so nothing else need be large.
 */
import type { ShortName } from '@quadrille/operator/src/services';
import type { Client } from 'pg';

/** Orders that really exist. */
const ROWS = 10_000;

/** How many orders one row stands for: the planner sees 10,000,000. */
const SCALE = 1_000;

const ORDER_ID = "'01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')";
/** Two shops with different statistics. */
export type PlantedShop = keyof typeof CUSTOMER_ID;
const CUSTOMER_ID = {
  /** Every twentieth order is of one large customer; the other customers have five orders each. */
  busy: "CASE WHEN n % 20 = 0 THEN 'large' ELSE 'customer-' || n % 2000 END",
  /**
   * Statistics of a first day with two customers and two statuses: the planner expects each value in half of all rows.
   */
  young: "'customer-' || n % 2",
};
const ORDER_STATUS = {
  busy: `CASE WHEN n > ${String(ROWS - 50)} THEN 'PENDING' WHEN n % 100 < 75 THEN 'COMPLETED' WHEN n % 100 < 90 THEN 'CONFIRMED'
    WHEN n % 100 < 95 THEN 'CANCELLED' WHEN n % 100 < 97 THEN 'FAILED' WHEN n % 100 < 99 THEN 'REJECTED' ELSE 'REFUNDED' END`,
  young: "CASE WHEN n % 2 = 0 THEN 'PENDING' ELSE 'CONFIRMED' END",
};
/** The newest orders are not settled and wait for something. */
const DUE_AT = `CASE WHEN n > ${String(ROWS - 50)} THEN now() + make_interval(secs => n % 60) END`;
const AT = "timestamptz '2026-01-01' + make_interval(mins => n)";
const FROM = `FROM generate_series(1, ${String(ROWS)}) AS n`;

/** The statements that fill the growing tables, by service. */
const fillOf = (shop: PlantedShop): Readonly<Record<ShortName, Readonly<Record<string, string>>>> => ({
  order: {
    orders: `INSERT INTO orders (order_id, customer_id, status, items, currency, payment_method, total_minor, inventory, payment, settled, timeline,
        idempotency_key, request_hash, deadline_at, due_at, created_at, updated_at)
      SELECT ${ORDER_ID}, ${CUSTOMER_ID[shop]}, (${ORDER_STATUS[shop]})::"OrderStatus",
        '[]', 'USD', 'tok_visa', 100, 'reserved', 'processed', n <= ${String(ROWS - 50)}, '[]', CASE WHEN n % 2 = 0 THEN 'key-' || n END, md5(n::text),
        ${AT}, ${DUE_AT}, ${AT}, ${AT} ${FROM}`,
  },
  inventory: {
    reservation: `INSERT INTO reservation (order_id, customer_id, status, items, due_at, created_at, updated_at)
      SELECT ${ORDER_ID}, ${CUSTOMER_ID[shop]}, (CASE WHEN n > ${String(ROWS - 50)} THEN 'RESERVED' WHEN n % 10 = 0 THEN 'RELEASED' ELSE 'COMMITTED' END)::"ReservationStatus",
        '[]', ${DUE_AT}, ${AT}, ${AT} ${FROM}`,
  },
  payment: {
    payments: `INSERT INTO payments (order_id, payment_id, customer_id, status, amount_minor, due_at, created_at, updated_at)
      SELECT ${ORDER_ID}, gen_random_uuid()::text, ${CUSTOMER_ID[shop]}, (CASE WHEN n > ${String(ROWS - 50)} THEN 'CHARGING' WHEN n % 20 = 0 THEN 'REFUNDED' ELSE 'SUCCEEDED' END)::"PaymentStatus",
        100, ${DUE_AT}, ${AT}, ${AT} ${FROM}`,
    simulated_gateway_charge: `INSERT INTO simulated_gateway_charge (key, reference, status, amount_minor, currency, created_at)
      SELECT 'charge-' || ${ORDER_ID}, ${ORDER_ID}, 'charged', 100, 'USD', ${AT} ${FROM}`,
    simulated_gateway_refund: `INSERT INTO simulated_gateway_refund (key, charge_key, reference, amount_minor, currency, created_at)
      SELECT 'refund-' || ${ORDER_ID}, 'charge-' || ${ORDER_ID}, ${ORDER_ID}, 100, 'USD', ${AT} ${FROM} WHERE n % 20 = 0`,
  },
  notification: {
    notification: `INSERT INTO notification (notification_id, customer_id, order_id, kind, subject, message, channel, sent_at, due_at, created_at)
      SELECT ${ORDER_ID} || left(kind, 1), ${CUSTOMER_ID[shop]}, ${ORDER_ID}, kind::"NotificationKind", '', '', 'smtp', ${AT}, ${DUE_AT}, ${AT}
      ${FROM}, unnest(ARRAY['PAYMENT_RECEIVED', 'CONFIRMED']) AS kind`,
    customer:
      "INSERT INTO customer (customer_id, email) SELECT 'customer-' || n, '' FROM generate_series(0, 1999) AS n",
  },
});

/** The tables of a service that grow with its orders. */
export const bigTables = (service: ShortName): ReadonlySet<string> => new Set(Object.keys(fillOf('busy')[service]));

/** Fills a service's empty tables. Needs an administrator, because it writes row counts into the catalogue. */
export async function plantTables(client: Client, service: ShortName, shop: PlantedShop): Promise<void> {
  for (const [table, fill] of Object.entries(fillOf(shop)[service])) {
    await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`); // autovacuum would count the rows again
    await client.query(fill);
    await client.query(`VACUUM (ANALYZE) ${table}`);
    await client.query(
      `UPDATE pg_class SET reltuples = reltuples * ${String(SCALE)}
       WHERE oid = $1::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1::regclass)`,
      [table],
    );
  }
}
