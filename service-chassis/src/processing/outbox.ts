/**
 * The transactional outbox (https://microservices.io/patterns/data/transactional-outbox.html).
 *
 * A row is written in the transaction of the state that it publishes. Right after the commit the same process publishes
 * it from memory; the row itself is for the case that this process dies or the broker is away. A row whose publish was
 * confirmed and not returned is deleted with the next batch's statement, or by a timer when there is none.
 *
 * The relay finds what was left behind: it leases rows whose `available_at` has passed (so that two relays do not both send
 * them, and no lock is held while the broker is asked), publishes them, and deletes the confirmed ones. The others
 * come up again after a pause that grows with their attempts. Order is not promised and not needed.
 */
import type { Pool, PoolClient } from 'pg';
import { backoffMs, pause } from '../timing/backoff';
import { inTransaction } from '../database/transaction';
import { failpoint } from '../timing/failpoint';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics, StatusCount } from '../telemetry/metrics';
import type { OutgoingMessage, Publisher, PublishResult } from '../broker/publisher';
import { loggedReason } from '../telemetry/error-reason';

/** A fresh row is left to the process that wrote it for this long; when that process cannot publish now, to whoever relays first. */
const LEFT_TO_WRITER_S = 5;

/**
 * How long the relay owns the rows that it took. What a relay took that dies is sent by another after this time; what a slow broker has
 * not confirmed by then may be sent by another too: a repetition, which every reader absorbs.
 */
export const RELAY_LEASE_S = 10;

/** Rows that the relay takes at once. */
const RELAY_BATCH = 500;

/** How often the relay looks when it found nothing. */
const RELAY_INTERVAL_MS = 1_000;

/** Pauses of the relay when the database is away. */
const RELAY_BACKOFF = { firstMs: 500, maxMs: 10_000 };

/** Longest pause between two tries of the same row, in seconds: an unroutable row is tried for ever, but rarely. */
const ROW_PAUSE_MAX_S = 60;

/** How long a confirmed row waits for a batch that deletes it, when the service is idle. */
const SWEEP_DONE_INTERVAL_MS = 250;

/** The outbox of one service. */
export interface Outbox {
  /**
   * Writes rows within the caller's transaction, and deletes rows published meanwhile in the same statement. When that
   * transaction rolls back, the relay sends those rows once more: a repetition, which every reader absorbs.
   */
  write(tx: PoolClient, rows: readonly OutgoingMessage[]): Promise<void>;
  /** Publishes rows that are committed. Rows that cannot be sent now are left to the relay. */
  publish(rows: readonly OutgoingMessage[]): void;
  /** Wakes the relay: the broker is back. */
  wake(): void;
  /** Rows that are published and not yet deleted. */
  done(): number;
  /** Lets what is under way be confirmed, deletes it, and ends. Bounded by the publisher's own limits. */
  stop(): Promise<void>;
}

/** Each is also asked by the laws that the simulation's database is held to. */
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

const COUNT = `SELECT CASE WHEN available_at > now() THEN 'leased' ELSE 'due' END AS status, count(*)::int AS count
  FROM outbox GROUP BY 1`;

/** A row as the database gives it back: a trace that is missing is null there. */
type LeasedRow = Omit<OutgoingMessage, 'traceparent'> & { readonly traceparent: string | null };

export const POSTPONE = {
  name: 'outbox-postpone',
  text: `UPDATE outbox SET available_at = now() + make_interval(secs => least(${String(ROW_PAUSE_MAX_S)}, power(2, least(attempts, 10))))
    WHERE id = ANY($1::uuid[])`,
};

/** Creates the outbox and starts its relay. */
export function createOutbox(options: {
  readonly pool: Pool;
  readonly publisher: Publisher;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
}): Outbox {
  const { pool, publisher, log, metrics } = options;
  metrics.count(
    'outbox_rows',
    'Outbox rows, by whether their writer may still send them or the relay has to',
    async () => {
      const { rows } = await pool.query<StatusCount>(COUNT);
      return rows;
    },
  );
  let stopping = false;
  let confirmed: string[] = [];
  let woken = new AbortController();

  const onResult = (id: string, result: PublishResult) => {
    metrics.published.inc({ result });
    if (result === 'confirmed') confirmed.push(id);
    void failpoint('after_confirm');
  };

  const deleteConfirmed = async () => {
    const ids = confirmed;
    if (ids.length === 0) return;
    confirmed = [];
    try {
      await pool.query({ ...DELETE, values: [ids] });
    } catch (error) {
      confirmed.push(...ids);
      log.debug({ err: error }, 'published rows stay in the outbox for now');
    }
  };
  const sweep = setInterval(() => void deleteConfirmed(), SWEEP_DONE_INTERVAL_MS);

  /** Publishes one leased batch; answers how many rows it took. */
  const relayOnce = async (): Promise<number> => {
    const leased = await inTransaction(pool, (tx) => tx.query<LeasedRow>(LEASE));
    const rows = leased.rows.map((row) => ({ ...row, traceparent: row.traceparent ?? undefined }));
    if (rows.length === 0) return 0;
    const results = await Promise.all(
      rows.map(
        (row) =>
          new Promise<PublishResult>((resolve) => {
            publisher.publish(row, resolve);
          }),
      ),
    );
    rows.forEach((row, index) => {
      onResult(row.id, results[index] ?? 'unconfirmed');
    });
    const failed = rows.filter((_, index) => results[index] !== 'confirmed').map((row) => row.id);
    if (failed.length > 0) await pool.query({ ...POSTPONE, values: [failed] });
    metrics.relayed.inc(rows.length - failed.length);
    log.info(
      { rows: rows.length, confirmed: rows.length - failed.length },
      'the relay published what was left in the outbox',
    );
    await deleteConfirmed();
    return rows.length;
  };

  const relay = async () => {
    let failures = 0;
    while (!stopping) {
      let waitMs = RELAY_INTERVAL_MS;
      try {
        const taken = publisher.ready() ? await relayOnce() : 0;
        failures = 0;
        if (taken === RELAY_BATCH) waitMs = 0;
      } catch (error) {
        waitMs = backoffMs(failures++, RELAY_BACKOFF);
        log.warn(loggedReason(error), 'the relay could not read the outbox');
      }
      if (waitMs > 0) await pause(waitMs, woken.signal);
      if (woken.signal.aborted) woken = new AbortController();
    }
  };
  const relaying = relay();

  return {
    write: async (tx, rows) => {
      const ids = confirmed;
      if (rows.length === 0 && ids.length === 0) return;
      confirmed = [];
      try {
        await tx.query({
          ...WRITE,
          values: [
            ids,
            rows.map((row) => row.id),
            rows.map((row) => row.exchange),
            rows.map((row) => row.routingKey),
            rows.map((row) => row.orderId),
            rows.map((row) => row.traceparent ?? null),
            rows.map((row) => row.body),
            publisher.ready() ? LEFT_TO_WRITER_S : 0,
          ],
        });
      } catch (error) {
        confirmed.push(...ids);
        throw error;
      }
    },
    publish: (rows) => {
      if (!publisher.ready()) return;
      for (const row of rows) {
        publisher.publish(row, (result) => {
          onResult(row.id, result);
        });
      }
    },
    wake: () => {
      woken.abort();
    },
    done: () => confirmed.length,
    stop: async () => {
      stopping = true;
      woken.abort();
      clearInterval(sweep);
      await relaying;
      await publisher.idle();
      await deleteConfirmed();
    },
  };
}
