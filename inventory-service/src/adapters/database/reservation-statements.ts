/**
 * The SQL of the reservations' store. What is written was decided before; moments are distances from now(), in
 * milliseconds.
 */
import { momentInMs, ROW_TIMES } from '@quadrille/service-chassis';

/** The reservations of these orders ($1). */
export const LOAD = {
  name: 'reservations-load',
  text: `
    SELECT order_id AS "orderId", customer_id AS "customerId", status, reason, items,
      lines_at_fault AS "linesAtFault", total_minor::float8 AS "totalMinor", currency,
      payment_method AS "paymentMethod", nudges,
      ${ROW_TIMES}
    FROM reservation
    WHERE order_id = ANY($1)`,
};

/** Locks the products in the order of their ids, as everybody does. */
export const LOCK_STOCK = {
  name: 'stock-lock',
  text: `
    SELECT product_id AS "productId", price_minor::float8 AS "priceMinor", currency,
      available::float8 AS available, reserved::float8 AS reserved, committed::float8 AS committed
    FROM product
    WHERE product_id = ANY($1)
    ORDER BY product_id
    FOR UPDATE`,
};

/** What was granted or refused, and its trace, are written once; the levels of the stock ($2) go along. */
export const SAVE = {
  name: 'reservations-save',
  text: `
    WITH stock AS (
      UPDATE product SET
        available = level.available,
        reserved = level.reserved,
        committed = level.committed
      FROM json_to_recordset($2::json) AS level (product_id text, available bigint, reserved bigint, committed bigint)
      WHERE product.product_id = level.product_id)
    INSERT INTO reservation (
      order_id, customer_id, status, reason, items, lines_at_fault, total_minor, currency, payment_method, traceparent,
      nudges, updated_at, due_at)
    SELECT
      order_id, customer_id, status::"ReservationStatus", reason, items, lines_at_fault, total_minor, currency,
      payment_method, traceparent,
      nudges, ${momentInMs('moved_in_ms')}, ${momentInMs('due_in_ms')}
    FROM json_to_recordset($1::json) AS row (
      order_id text, customer_id text, status text, reason text, items jsonb, lines_at_fault jsonb, total_minor bigint,
      currency text, payment_method text, traceparent text,
      nudges int, moved_in_ms float8, due_in_ms float8)
    ON CONFLICT (order_id) DO UPDATE SET
      status = EXCLUDED.status,
      reason = EXCLUDED.reason,
      nudges = EXCLUDED.nudges,
      updated_at = EXCLUDED.updated_at,
      due_at = EXCLUDED.due_at`,
};

/** Reservations whose next nudge has passed, the longest overdue first. */
export const OVERDUE = {
  name: 'reservations-overdue',
  text: `
    SELECT order_id AS key, traceparent
    FROM reservation
    WHERE due_at <= now()
    ORDER BY due_at
    LIMIT $1`,
};

/** What waits beyond its time: it was nudged in vain, or the sweeper has not come for it. */
export const COUNT_OVERDUE = {
  name: 'reservation-count-overdue',
  text: `
    SELECT status AS status, count(*)::int AS count
    FROM reservation
    WHERE due_at IS NOT NULL AND (nudges > 0 OR due_at <= now() - make_interval(secs => $1 / 1000.0))
    GROUP BY 1`,
};
