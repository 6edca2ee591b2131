/**
 * The database: one pool for the batches (on `pg` itself, since a Prisma transaction whose client-side timeout fires is
 * not atomic) and for Prisma's reads. Every limit is the server's own, so that it holds whatever the client does.
 */
import pg from 'pg';

export type { Pool, PoolClient } from 'pg';

/** A statement that takes longer is stuck behind a lock or a broken plan; the batch is tried again. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * A server that is silent for this long is gone without a word (a black hole): only the client can tell. Longer than
 * the server's own limit, which answers first while the two can speak.
 */
const QUERY_TIMEOUT_MS = 12_000;

/** Waiting longer for one lock means somebody holds it in error. */
export const LOCK_TIMEOUT_MS = 5_000;

/** A transaction idle for this long belongs to a process that was stopped: its locks must not outlive it. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;

/** A server that does not accept a connection within this time is down. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The statements of a batch find their rows by key, whatever the parameters: planning them anew each time costs three
 * times their execution. A plan is therefore made once for each connection, and then it must not be made for a table
 * that happens to be empty at that moment and is scanned from end to end ever after.
 */
const PLANNER_OPTIONS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';

/** A pool that connects on demand; never throws for a server that is down. */
export function openPool(url: string, size: number, applicationName: string, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    // Statements that need not wait for each other's answers travel together.
    pipeline: true,
    options: PLANNER_OPTIONS,
  });
  // An idle connection that the server closes is an event, not an exception: the pool replaces it.
  pool.on('error', onError);
  return pool;
}
