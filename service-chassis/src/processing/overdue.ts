/** What is overdue in a service's table: the rows that the sweeper takes, and the figure that operators watch. */
import type { Pool } from 'pg';
import type { Input } from '../contract/decision';
import type { StatusCount } from '../telemetry/metrics';

/**
 * What is still overdue after this time, many intervals of the sweeper, is held up, or waits with many others for its
 * turn to be nudged.
 */
export const SWEPT_WITHIN_MS = 5_000;

/** A prepared statement. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

/** A row that is overdue: the key that it is decided under, and the trace of what wrote it first. */
interface OverdueRow {
  readonly key: string;
  readonly traceparent: string | null;
}

/** Returns at most `limit` overdue rows ($1) as inputs that say `message`, the longest overdue first. */
export async function findOverdue<Message>(
  pool: Pool,
  statement: NamedStatement,
  limit: number,
  message: Message,
): Promise<readonly Input<Message>[]> {
  const { rows } = await pool.query<OverdueRow>({ ...statement, values: [limit] });
  return rows.map(({ key, traceparent }) => ({
    key,
    message,
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** Counts, by status, what was nudged in vain or is overdue for longer than $1 milliseconds. */
export async function countOverdue(pool: Pool, statement: NamedStatement): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>({ ...statement, values: [SWEPT_WITHIN_MS] });
  return rows;
}
