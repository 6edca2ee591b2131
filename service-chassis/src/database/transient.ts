/**
 * Which errors are the infrastructure's and will pass: the same work is then worth trying again, and no message is at
 * fault.
 */
import { types } from 'node:util';
import { z } from 'zod';

const { isNativeError } = types;

/** No connection could be had. Whatever the reason, no message is at fault. */
export class NotConnectedError extends Error {
  constructor(cause: unknown) {
    super(isNativeError(cause) ? cause.message : String(cause), { cause });
  }
}

/**
 * SQLSTATE classes and codes that say "not now": connection, resources, operator intervention, a session or transaction
 * that took too long, lock and serialization, a server that only reads (a standby before its promotion); a role, a
 * database or a privilege that is missing, which an operator mends while we wait.
 */
const TRANSIENT_SQLSTATE = /^(08...|53...|57P..|57014|25P03|25P04|25006|28...|3D000|40001|40P01|42501|55P03|58...)$/;

/**
 * What was prepared on this connection is gone (DISCARD ALL), or returns other types than it did (ALTER TABLE): another
 * connection prepares it anew.
 */
const UNPREPARED_SQLSTATE = new Set(['26000', '0A000']);

/**
 * What Prisma calls the same: not reachable, timed out, too slow, connection closed, no connection free
 * (https://pris.ly/d/error-reference).
 */
const TRANSIENT_PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);

/** What `pg` says when QUERY_TIMEOUT_MS is over. */
const QUERY_TIMEOUT_MESSAGE = 'Query read timeout';

/** Messages of `pg` for a lost or unavailable connection: it gives these errors no code. */
const TRANSIENT_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after/;

/** What the server itself said, in an error of Prisma. */
const prismaErrorSchema = z.object({
  meta: z.object({
    driverAdapterError: z.object({ cause: z.object({ originalCode: z.string(), originalMessage: z.string() }) }),
  }),
});

/**
 * The server's own code and words in an error of Prisma, which has one code for nearly all that a server may say;
 * undefined when it said nothing, or the error is none of Prisma's.
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

/**
 * Whether a connection is of no use after this error: it did not answer, or each of its prepared statements would fail.
 */
export const isUnusableAfter = (error: unknown): error is Error =>
  isNativeError(error) && (error.message === QUERY_TIMEOUT_MESSAGE || UNPREPARED_SQLSTATE.has(codeOf(error)));
