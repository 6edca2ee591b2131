/**
 * The database: one pool for the batches (on `pg` itself, since a Prisma transaction whose client-side timeout fires is
 * not atomic) and for Prisma's reads. Every limit is the server's own, so that it holds whatever the client does.
 */
import type { Writable } from 'node:stream';
import { types } from 'node:util';
import pg from 'pg';
import { z } from 'zod';

export type { Pool, PoolClient } from 'pg';

/** A statement that takes longer is stuck behind a lock or a broken plan; the batch is tried again. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * A server that is silent for this long is gone without a word (a black hole): only the client can tell. Longer than the
 * server's own limit, which answers first while the two can speak.
 */
const QUERY_TIMEOUT_MS = 12_000;

/** Waiting longer for one lock means somebody holds it in error. */
const LOCK_TIMEOUT_MS = 5_000;

/** A transaction idle for this long belongs to a process that was stopped: its locks must not outlive it. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;

/** A server that does not accept a connection within this time is down. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The statements of a batch find their rows by key, whatever the parameters: planning them anew each time costs three times
 * their execution. A plan is therefore made once for each connection, and then it must not be made for a table that
 * happens to be empty at that moment and is scanned from end to end ever after.
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

/**
 * Runs `work` in one READ COMMITTED transaction. Rolls back and rethrows when it throws. When the connection is lost
 * during COMMIT nobody knows whether it happened: the caller tries again and the state decides.
 *
 * `lastWrites` sends statements without waiting for their answers; the COMMIT follows right behind them, in the same
 * round trip. When one of them fails, PostgreSQL turns the COMMIT into a rollback, and its error is thrown.
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<Result>,
  lastWrites: (tx: pg.PoolClient, result: Result) => readonly Promise<unknown>[] = () => [],
): Promise<Result> {
  const client = await pool.connect().catch((error: unknown): never => {
    throw new NotConnectedError(error);
  });
  let broken: Error | undefined;
  // Without a listener, a connection cut between two statements would end the process.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const [begun, working] = inOneWrite(client, () => [client.query('BEGIN'), work(client)] as const);
    await together([begun, working]);
    const result = await working;
    await together(inOneWrite(client, () => [...lastWrites(client, result), client.query('COMMIT')]));
    return result;
  } catch (error) {
    // A connection that did not answer cannot be asked to roll back; the server does so when it is closed. One whose prepared
    // statements are of no use any more would fail with each of them.
    if (isNativeError(error) && (error.message === QUERY_TIMEOUT_MESSAGE || UNPREPARED_SQLSTATE.has(codeOf(error))))
      broken = error;
    if (!broken) {
      await client.query('ROLLBACK').catch((rollback: unknown) => {
        broken = rollback instanceof Error ? rollback : new Error(String(rollback));
      });
    }
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Gathers what `send` sends at once into one write to the socket: a system call for each statement costs more than the statement. */
function inOneWrite<Sent>(client: pg.PoolClient, send: () => Sent): Sent {
  // pg keeps its socket there but leaves it out of its types.
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/** Waits for all of them, also when one fails: what was sent is answered before anything else is asked of the connection. */
async function together(sent: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(sent);
  // Throws the first one's error: those behind it only say that the transaction is aborted.
  for (const answer of sent) await answer;
}

/**
 * Locks keys until the end of the transaction, in one order for everybody, whether or not rows exist for them: a state
 * of "none" must be lockable too, or a tombstone is lost. Advisory locks leave no row behind (ADR 0003).
 */
export async function lockKeys(tx: pg.PoolClient, keys: readonly string[]): Promise<void> {
  await tx.query({
    name: 'lock-keys',
    text: `SELECT pg_advisory_xact_lock(k) FROM
      (SELECT DISTINCT hashtextextended(key, 0) AS k FROM unnest($1::text[]) AS key ORDER BY k) AS sorted`,
    values: [keys],
  });
}

/** No connection could be had, for whatever reason: no message can be at fault. */
class NotConnectedError extends Error {
  constructor(cause: unknown) {
    super(isNativeError(cause) ? cause.message : String(cause), { cause });
  }
}

/**
 * SQLSTATE classes and codes that say "not now": connection, resources, operator intervention, a session or transaction that took too
 * long, lock and serialization, a server that only reads (a standby before its promotion); a role, a database or a privilege that is
 * missing, which an operator mends while we wait.
 */
const TRANSIENT_SQLSTATE = /^(08...|53...|57P..|57014|25P03|25P04|25006|28...|3D000|40001|40P01|42501|55P03|58...)$/;

/** What was prepared on this connection is gone (DISCARD ALL), or returns other types than it did (ALTER TABLE): another connection prepares it anew. */
const UNPREPARED_SQLSTATE = new Set(['26000', '0A000']);

/** What Prisma calls the same: not reachable, timed out, too slow, connection closed, no connection free (https://pris.ly/d/error-reference). */
const TRANSIENT_PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);

/** What `pg` says when QUERY_TIMEOUT_MS is over. */
const QUERY_TIMEOUT_MESSAGE = 'Query read timeout';

/** Messages of `pg` for a lost or unavailable connection: it gives these errors no code. */
const TRANSIENT_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after/;

const { isNativeError } = types;

/** What the server itself said, in an error of Prisma. */
const prismaErrorSchema = z.object({
  meta: z.object({
    driverAdapterError: z.object({ cause: z.object({ originalCode: z.string(), originalMessage: z.string() }) }),
  }),
});

/**
 * The server's own code and words in an error of Prisma, which has one code for nearly all that a server may say; undefined when
 * it said nothing, or the error is none of Prisma's.
 */
export function saidByServer(error: unknown): { readonly code: string; readonly message: string } | undefined {
  const { data } = prismaErrorSchema.safeParse(error);
  if (!data) return undefined;
  const { originalCode: code, originalMessage: message } = data.meta.driverAdapterError.cause;
  return { code, message };
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Whether an error is the infrastructure's and will pass, so that the same work is worth trying again. */
export function isTransient(error: unknown): boolean {
  // Not instanceof: Node's own errors come from another realm when the caller runs in one of its own, as tests do.
  if (!isNativeError(error)) return false;
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isTransient);
  const code = codeOf(error);
  const sqlState = saidByServer(error)?.code ?? code;
  return (
    error instanceof NotConnectedError ||
    'syscall' in error || // of the operating system: nothing that a message says leads to one
    TRANSIENT_SQLSTATE.test(sqlState) ||
    UNPREPARED_SQLSTATE.has(sqlState) ||
    TRANSIENT_PRISMA_CODES.has(code) ||
    TRANSIENT_MESSAGES.test(error.message)
  );
}
