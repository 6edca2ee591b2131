/** The statements of the outbox. Each is also asked by the laws that the simulation's database is held to. */

/**
 * How long the relay owns the rows that it took. What a relay took that dies is sent by another after this time; what a
 * slow broker has not confirmed by then may be sent by another too: a repetition, which every reader absorbs.
 */
export const RELAY_LEASE_S = 10;

/** Rows that the relay takes at once. */
export const RELAY_BATCH = 500;

/** Longest pause between two tries of the same row, in seconds: an unroutable row is tried for ever, but rarely. */
export const ROW_PAUSE_MAX_S = 60;

export const WRITE = {
  name: 'outbox-write',
  text: `WITH done AS (DELETE FROM outbox WHERE id = ANY($1::uuid[]))
    INSERT INTO outbox (id, exchange, routing_key, order_id, traceparent, body, available_at)
    SELECT id, exchange, routing_key, order_id, traceparent, body, now() + make_interval(secs => $8)
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
      AS row (id, exchange, routing_key, order_id, traceparent, body)`,
};
export const DELETE = { name: 'outbox-delete', text: 'DELETE FROM outbox WHERE id = ANY($1::uuid[])' };
export const LEASE = {
  name: 'outbox-lease',
  text: `UPDATE outbox SET attempts = attempts + 1,
      available_at = now() + make_interval(secs => ${String(RELAY_LEASE_S)})
    WHERE id IN (SELECT id FROM outbox WHERE available_at <= now() ORDER BY id LIMIT ${String(RELAY_BATCH)} FOR UPDATE SKIP LOCKED)
    RETURNING id, exchange, routing_key AS "routingKey", order_id AS "orderId", traceparent, body`,
};

export const POSTPONE = {
  name: 'outbox-postpone',
  text: `UPDATE outbox SET available_at = now() + make_interval(secs => least(${String(ROW_PAUSE_MAX_S)}, power(2, least(attempts, 10))))
    WHERE id = ANY($1::uuid[])`,
};

export const COUNT = `SELECT CASE WHEN available_at > now() THEN 'leased' ELSE 'due' END AS status, count(*)::int AS count
  FROM outbox GROUP BY 1`;
