/**
 * The SQL of the orders' store. What is written was decided before; moments are distances from now(), in
 * milliseconds.
 */
import { momentInMs, msFromNow, ROW_TIMES } from '@quadrille/service-chassis';

/** A moment in milliseconds: pg would parse a timestamp, which costs more than all other columns of the row. */
const inMs = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

/** The orders of these ids ($1) and idempotency keys ($2). */
export const LOAD = {
  name: 'orders-load',
  text: `
    SELECT order_id AS "orderId", customer_id AS "customerId", status, reason, items, currency,
      payment_method AS "paymentMethod", total_minor::float8 AS "totalMinor", inventory, payment, attempts,
      idempotency_key AS "idempotencyKey", request_hash AS "requestHash", nudges, version, timeline,
      ${inMs('created_at')} AS "createdAtMs",
      ${inMs('updated_at')} AS "updatedAtMs",
      ${msFromNow('deadline_at')} AS "deadlineInMs",
      ${ROW_TIMES}
    FROM orders
    WHERE order_id = ANY($1) OR idempotency_key = ANY($2)`,
};

/** What the customer asked for, its trace and its deadline are written once. */
export const SAVE = {
  name: 'orders-save',
  text: `
    INSERT INTO orders AS stored (
      order_id, customer_id, status, reason, items, currency, payment_method, total_minor, inventory, payment,
      settled, attempts, timeline, idempotency_key, request_hash, traceparent, nudges,
      updated_at, deadline_at, due_at)
    SELECT
      order_id, customer_id, status::"OrderStatus", reason, items, currency, payment_method, total_minor,
      inventory::"InventoryFacet", payment::"PaymentFacet",
      settled, attempts, timeline, idempotency_key, request_hash, traceparent, nudges,
      ${momentInMs('moved_in_ms')}, ${momentInMs('deadline_in_ms')}, ${momentInMs('due_in_ms')}
    FROM json_to_recordset($1::json) AS row (
      order_id text, customer_id text, status text, reason text, items jsonb, currency text, payment_method text,
      total_minor bigint, inventory text, payment text, settled boolean, attempts int, timeline jsonb,
      idempotency_key text, request_hash text, traceparent text, nudges int,
      moved_in_ms float8, deadline_in_ms float8, due_in_ms float8)
    ON CONFLICT (order_id) DO UPDATE SET
      status = EXCLUDED.status,
      reason = EXCLUDED.reason,
      items = EXCLUDED.items,
      total_minor = EXCLUDED.total_minor,
      inventory = EXCLUDED.inventory,
      payment = EXCLUDED.payment,
      settled = EXCLUDED.settled,
      attempts = EXCLUDED.attempts,
      timeline = EXCLUDED.timeline,
      nudges = EXCLUDED.nudges,
      updated_at = EXCLUDED.updated_at,
      due_at = EXCLUDED.due_at,
      version = stored.version + 1
    RETURNING order_id AS "orderId", version,
      ${inMs('stored.created_at')} AS "createdAtMs",
      ${inMs('stored.updated_at')} AS "updatedAtMs"`,
};

/** Orders whose deadline or next nudge has passed, the longest overdue first. */
export const OVERDUE = {
  name: 'orders-overdue',
  text: `
    SELECT order_id AS key, traceparent
    FROM orders
    WHERE due_at <= now()
    ORDER BY due_at
    LIMIT $1`,
};

/** What waits beyond its time: it was nudged in vain, or the sweeper has not come for it. */
export const COUNT_OVERDUE = {
  name: 'orders-count-overdue',
  text: `
    SELECT status AS status, count(*)::int AS count
    FROM orders
    WHERE due_at IS NOT NULL AND (nudges > 0 OR due_at <= now() - make_interval(secs => $1 / 1000.0))
    GROUP BY 1`,
};
