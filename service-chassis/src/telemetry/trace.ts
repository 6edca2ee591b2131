/**
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): one trace follows an order from the request to the last
 * event.
 */
import { randomBytes } from 'node:crypto';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Random bytes drawn at once: a span id needs eight, and a system call for each would be the costliest part of it. */
const POOL_BYTES = 8 * 1024;
let pool = randomBytes(POOL_BYTES);
let used = 0;

function randomHex(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** The trace id of a valid traceparent, or undefined. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  if (!match || match[1] === NO_TRACE || match[2] === NO_SPAN) return undefined;
  return match[1];
}

/**
 * A new span in the trace of `parent`; a new trace when there is none or it is not valid. Sampled unless the parent
 * says not.
 */
export function childOf(parent: string | undefined): string {
  const traceId = traceIdOf(parent);
  if (traceId === undefined || parent === undefined) return `00-${randomHex(16)}-${randomHex(8)}-01`;
  return `00-${traceId}-${randomHex(8)}-${parent.slice(-2)}`;
}
