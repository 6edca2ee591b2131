/**
 * Why something went wrong, in one line: an outage is told once a request, and must not bury everything else in the
 * log.
 */
import { types } from 'node:util';
import { isTransient, saidByServer } from '../database/transient';

/** Longest reason, in characters: a line of a log that can be taken in at a glance. */
const REASON_MAX = 300;

/**
 * How Prisma's messages begin: with the call, where it stands and the source around it. What was wrong is their last
 * line.
 */
const PRISMA_INVOCATION = /^\s*Invalid `prisma\./;

/** The reason in an error, short and on one line. */
export function reasonOf(error: unknown): string {
  // Not instanceof: see isTransient.
  if (!types.isNativeError(error)) return String(error).slice(0, REASON_MAX);
  // A host with several addresses is refused at each of them, and the whole has no message of its own.
  const [first] = 'errors' in error && Array.isArray(error.errors) ? error.errors.map(reasonOf) : [];
  const lines = (saidByServer(error)?.message ?? error.message)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const said = PRISMA_INVOCATION.test(error.message) ? lines.at(-1) : lines.join(' ');
  if (said !== undefined && said !== '') return said.slice(0, REASON_MAX);
  return first ?? (error.cause === undefined ? error.name : reasonOf(error.cause));
}

/**
 * What a log line says of an error: of the infrastructure's the reason; of anything else all there is, stack and causes
 * included.
 */
export const loggedReason = (error: unknown): { readonly reason: string } | { readonly err: unknown } =>
  isTransient(error) ? { reason: reasonOf(error) } : { err: error };
