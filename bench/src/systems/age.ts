/**
 * Plants orders that were settled long ago into the product's tables: confirmed, committed, paid and notified, with ids
 * and ledgers for which every invariant holds.
 */
import { Pool } from 'pg';
import type { ShortName } from '@quadrille/operator/src/services';
import { PRODUCTS } from '../customers/orders';
import type { Subject } from './subject';

/** Orders of one statement: many enough to be fast, few enough for a transaction. */
const CHUNK = 100_000;

/** The n-th id: a UUIDv7 from September 2020 on, one a millisecond, older than any new one. */
const id = (kind: string) => `regexp_replace(lpad(to_hex(1600000000000 + n), 12, '0'), '^(.{8})(.{4})$', '\\1-\\2')
  || '-7000-${kind}000-' || lpad(to_hex(n), 12, '0')`;
const ORDER = id('8');
const PRODUCT = `($3::text[])[1 + n % array_length($3, 1)]`;
const LINES = `jsonb_build_array(jsonb_build_object('productId', ${PRODUCT}, 'quantity', 1, 'unitPriceMinor', 1000))`;
const ENTRY = (
  type: string,
  direction: string,
) => `jsonb_build_object('id', ${id('b')}, 'type', '${type}', 'time', '2020-09-13T12:26:40.000Z',
  'direction', '${direction}', 'causation_id', ${id('a')})`;
const FROM = 'FROM generate_series($1::bigint, $2::bigint) AS n';

/** The statements, by database. The timeline is that of a plain order. */
const PLANT: readonly (readonly [ShortName, string])[] = [
  [
    'order',
    `INSERT INTO orders (order_id, customer_id, status, items, currency, payment_method, total_minor, inventory, payment, settled, attempts,
      timeline, version, request_hash, created_at, updated_at, deadline_at)
    SELECT ${ORDER}, 'aged-' || n % 100000, 'CONFIRMED', ${LINES}, 'USD', 'tok_success', 1000, 'reserved', 'processed', true, 1,
      jsonb_build_array(${ENTRY('OrderCreated', 'published')}, ${ENTRY('InventoryReserved', 'heard')},
        ${ENTRY('PaymentProcessed', 'heard')}, ${ENTRY('OrderConfirmed', 'published')}),
      4, md5(n::text), now() - interval '1 year', now() - interval '1 year', now() - interval '1 year' ${FROM}`,
  ],
  [
    'inventory',
    `INSERT INTO reservation (order_id, customer_id, status, items, total_minor, currency, payment_method)
    SELECT ${ORDER}, 'aged-' || n % 100000, 'COMMITTED', ${LINES}, 1000, 'USD', 'tok_success' ${FROM}`,
  ],
  [
    'payment',
    `WITH paid AS (
      INSERT INTO payments (order_id, payment_id, customer_id, status, amount_minor, currency, method, attempt)
      SELECT ${ORDER}, ${id('9')}, 'aged-' || n % 100000, 'SUCCEEDED', 1000, 'USD', 'tok_success', 1 ${FROM})
    INSERT INTO simulated_gateway_charge (key, reference, status, calls, amount_minor, currency)
    SELECT 'charge-' || ${ORDER}, ${ORDER}, 'charged', 1, 1000, 'USD' ${FROM}`,
  ],
  [
    'notification',
    `INSERT INTO notification (notification_id, customer_id, order_id, kind, subject, message, channel, attempts, sent_at)
    SELECT ${id('9')} || kind, 'aged-' || n % 100000, ${ORDER}, kind::"NotificationKind", 'Order confirmed', 'Your order is confirmed.', 'log', 1, now()
    ${FROM}, unnest(ARRAY['PAYMENT_RECEIVED', 'CONFIRMED']) AS kind`,
  ],
];

/** The stock that the planted reservations hold, added to levels and ledger alike. */
const STOCK = `WITH sold AS (SELECT ${PRODUCT} AS product_id, count(*) AS units ${FROM} GROUP BY 1),
  level AS (UPDATE product SET committed = committed + units FROM sold WHERE product.product_id = sold.product_id)
  INSERT INTO stock_adjustment (product_id, delta, reason) SELECT product_id, units, 'aged' FROM sold`;

/** Plants the orders, and leaves the tables as autovacuum would after a while. */
export async function plantOrders({ addresses: { databases } }: Subject, orders: number): Promise<void> {
  for (const [name, text] of PLANT) {
    const pool = new Pool({ connectionString: databases[name], max: 1 });
    try {
      for (let first = 1; first <= orders; first += CHUNK) {
        const values = [first, Math.min(orders, first + CHUNK - 1), PRODUCTS];
        // Only some statements use the products; an unused parameter is an error.
        await pool.query(text, text.includes('$3') ? values : values.slice(0, 2));
      }
      if (name === 'inventory') await pool.query(STOCK, [1, orders, PRODUCTS]);
      await pool.query('VACUUM ANALYZE');
    } finally {
      await pool.end();
    }
  }
}
