/**
 * The SQL of the notifications' store. What is written was decided before; moments are distances from now(), in
 * milliseconds.
 */
import { momentInMs, msFromNow } from '@quadrille/service-chassis';

/** The notifications under these keys ($1). One about no order has a key of its own: its id. */
export const LOAD = {
  name: 'notifications-load',
  text: `
    SELECT coalesce(order_id, notification_id) AS key, notification_id AS "notificationId",
      customer_id AS "customerId", kind, subject, channel, attempts, sent_at IS NOT NULL AS sent,
      ${msFromNow('due_at')} AS "dueInMs"
    FROM notification
    WHERE order_id = ANY($1) OR (order_id IS NULL AND notification_id = ANY($1))`,
};

/** Where mail reaches these customers ($1). */
export const ADDRESSES = {
  name: 'addresses-load',
  text: `
    SELECT customer_id AS "customerId", email
    FROM customer
    WHERE customer_id = ANY($1)`,
};

/**
 * Should anything slip past the lock on the order, the unique index over order and kind still lets a customer be told
 * once.
 */
export const INSERT = {
  name: 'notifications-insert',
  text: `
    INSERT INTO notification (
      notification_id, customer_id, order_id, kind, subject, message, channel, attempts, traceparent,
      sent_at, due_at)
    SELECT
      notification_id, customer_id, order_id, kind::"NotificationKind", subject, message,
      channel::"NotificationChannel", attempts, traceparent,
      CASE WHEN sent THEN now() END, ${momentInMs('due_in_ms')}
    FROM json_to_recordset($1::json) AS row (
      notification_id text, customer_id text, order_id text, kind text, subject text, message text, channel text,
      attempts int, traceparent text, sent boolean, due_in_ms float8)
    ON CONFLICT (order_id, kind) DO NOTHING`,
};

/** How far the sending has come; what was sent keeps its moment. */
export const UPDATE = {
  name: 'notifications-update',
  text: `
    UPDATE notification SET
      channel = row.channel::"NotificationChannel",
      attempts = row.attempts,
      sent_at = CASE WHEN row.sent THEN coalesce(notification.sent_at, now()) END,
      due_at = ${momentInMs('row.due_in_ms')}
    FROM json_to_recordset($1::json) AS row (
      notification_id text, channel text, attempts int, sent boolean, due_in_ms float8)
    WHERE notification.notification_id = row.notification_id`,
};

/** Mails that should have been sent by now, the longest overdue first. */
export const OVERDUE = {
  name: 'notifications-overdue',
  text: `
    SELECT coalesce(order_id, notification_id) AS key, kind, traceparent
    FROM notification
    WHERE due_at <= now()
    ORDER BY due_at
    LIMIT $1`,
};

/** What waits beyond its time: it was tried in vain, or the sweeper has not come for it. */
export const COUNT_OVERDUE = {
  name: 'notification-count-overdue',
  text: `
    SELECT kind AS status, count(*)::int AS count
    FROM notification
    WHERE due_at IS NOT NULL AND (attempts > 1 OR due_at <= now() - make_interval(secs => $1 / 1000.0))
    GROUP BY 1`,
};
