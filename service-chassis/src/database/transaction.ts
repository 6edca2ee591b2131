/** Transactions: everything of a batch is committed at once or not at all. */
import type { Writable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import { isUnusableAfter, NotConnectedError } from './transient';

/**
 * Runs `work` in one READ COMMITTED transaction. Rolls back and rethrows when it throws. When the connection is lost
 * during COMMIT nobody knows whether it happened: the caller tries again and the state decides.
 *
 * `lastWrites` sends statements without waiting for their answers; the COMMIT follows right behind them, in the same
 * round trip. When one of them fails, PostgreSQL turns the COMMIT into a rollback, and its error is thrown.
 */
export async function inTransaction<Result>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<Result>,
  lastWrites: (tx: PoolClient, result: Result) => readonly Promise<unknown>[] = () => [],
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
    // Such a connection is not asked to roll back: the server does so when it is closed.
    if (isUnusableAfter(error)) broken = error;
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

/**
 * Gathers what `send` sends at once into one write to the socket: a system call for each statement costs more than the
 * statement.
 */
function inOneWrite<Sent>(client: PoolClient, send: () => Sent): Sent {
  // pg keeps its socket there but leaves it out of its types.
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/**
 * Waits for all of them, also when one fails: what was sent is answered before anything else is asked of the
 * connection.
 */
async function together(sent: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(sent);
  // Throws the first one's error: those behind it only say that the transaction is aborted.
  for (const answer of sent) await answer;
}

/**
 * Locks keys until the end of the transaction, in one order for everybody, whether or not rows exist for them: a state
 * of "none" must be lockable too, or a tombstone is lost. Advisory locks leave no row behind (ADR 0003).
 */
export async function lockKeys(tx: PoolClient, keys: readonly string[]): Promise<void> {
  await tx.query({
    name: 'lock-keys',
    text: `SELECT pg_advisory_xact_lock(k) FROM
      (SELECT DISTINCT hashtextextended(key, 0) AS k FROM unnest($1::text[]) AS key ORDER BY k) AS sorted`,
    values: [keys],
  });
}
