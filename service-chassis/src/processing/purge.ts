/** Deletes what the chassis writes and no longer needs. States stay for ever: they make receiving idempotent. */
import type { Pool } from 'pg';

/**
 * The count of a message that was not redelivered for this long was left behind: its message took a process down and
 * was not delivered again, or the database was away when its run ended. Should the message come again after all, it is
 * counted from the beginning.
 */
export const COUNT_KEPT_H = 24;

/** Rows that are deleted at once: few enough for a short statement, which holds up no other. */
export const PURGE_BATCH = 1_000;

/** There is no index on the time: outside of this, rows are found by their key, and a healthy service has none. */
export const PURGE = {
  name: 'delivery-attempt-purge',
  text: `DELETE FROM delivery_attempt WHERE message_id IN (SELECT message_id FROM delivery_attempt
    WHERE updated_at < now() - make_interval(hours => ${String(COUNT_KEPT_H)}) LIMIT ${String(PURGE_BATCH)} FOR UPDATE SKIP LOCKED)`,
};

/** Deletes one batch of old counts; returns whether there may be more. */
export async function purgeCounts(pool: Pool): Promise<boolean> {
  const { rowCount } = await pool.query(PURGE);
  return rowCount === PURGE_BATCH;
}
