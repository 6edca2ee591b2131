/**
 * The SQL of the payments' store. What is written was decided before; moments are distances from now(), in
 * milliseconds.
 */
import { momentInMs, ROW_TIMES } from '@quadrille/service-chassis';

/** The payments of these orders ($1). */
export const LOAD = {
  name: 'payments-load',
  text: `
    SELECT order_id AS "orderId", payment_id AS "paymentId", customer_id AS "customerId", status,
      amount_minor::float8 AS "amountMinor", currency, method, attempt, stop_wanted AS "stopWanted", unknown, reason,
      tries, traceparent,
      ${ROW_TIMES}
    FROM payments
    WHERE order_id = ANY($1)`,
};

/** The payment's id and its trace are written once. */
export const SAVE = {
  name: 'payments-save',
  text: `
    INSERT INTO payments (
      order_id, payment_id, customer_id, status, amount_minor, currency, method, attempt, stop_wanted, unknown, reason,
      tries, traceparent, updated_at, due_at)
    SELECT
      order_id, payment_id, customer_id, status::"PaymentStatus", amount_minor, currency, method, attempt, stop_wanted,
      unknown, reason,
      tries, traceparent, ${momentInMs('moved_in_ms')}, ${momentInMs('due_in_ms')}
    FROM json_to_recordset($1::json) AS row (
      order_id text, payment_id text, customer_id text, status text, amount_minor bigint, currency text, method text,
      attempt int, stop_wanted boolean, unknown boolean, reason text,
      tries int, traceparent text, moved_in_ms float8, due_in_ms float8)
    ON CONFLICT (order_id) DO UPDATE SET
      customer_id = EXCLUDED.customer_id,
      status = EXCLUDED.status,
      amount_minor = EXCLUDED.amount_minor,
      currency = EXCLUDED.currency,
      method = EXCLUDED.method,
      attempt = EXCLUDED.attempt,
      stop_wanted = EXCLUDED.stop_wanted,
      unknown = EXCLUDED.unknown,
      reason = EXCLUDED.reason,
      tries = EXCLUDED.tries,
      updated_at = EXCLUDED.updated_at,
      due_at = EXCLUDED.due_at`,
};

/** Payments whose timer, lease or next try is overdue, the longest first. */
export const OVERDUE = {
  name: 'payments-overdue',
  text: `
    SELECT order_id AS key, traceparent
    FROM payments
    WHERE due_at <= now()
    ORDER BY due_at
    LIMIT $1`,
};

/** What waits beyond its time: the gateway was asked in vain, or the sweeper has not come for it. */
export const COUNT_OVERDUE = {
  name: 'payments-count-overdue',
  text: `
    SELECT status AS status, count(*)::int AS count
    FROM payments
    WHERE due_at IS NOT NULL
      AND ((tries > 0 AND status <> 'REFUNDED') OR due_at <= now() - make_interval(secs => $1 / 1000.0))
    GROUP BY 1`,
};
