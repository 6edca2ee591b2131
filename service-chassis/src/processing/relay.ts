/**
 * The relay finds what was left behind in the outbox: it leases rows whose `available_at` has passed (so that two
 * relays do not both send them, and no lock is held while the broker is asked), publishes them, and has the confirmed
 * ones deleted. The others come up again after a pause that grows with their attempts.
 */
import type { Pool } from 'pg';
import type { PublishResult } from '../broker/confirms';
import type { OutgoingMessage } from '../broker/outgoing-message';
import type { Publisher } from '../broker/publisher';
import { inTransaction } from '../database/transaction';
import { loggedReason } from '../telemetry/error-reason';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import { backoffMs, pause } from '../timing/backoff';
import { LEASE, POSTPONE, RELAY_BATCH } from './outbox-statements';

/** How often the relay looks when it found nothing. */
const RELAY_INTERVAL_MS = 1_000;

/** Pauses of the relay when the database is away. */
const RELAY_BACKOFF = { firstMs: 500, maxMs: 10_000 };

/** A row as the database gives it back: a trace that is missing is null there. */
type LeasedRow = Omit<OutgoingMessage, 'traceparent'> & { readonly traceparent: string | null };

/** What a relay works with. */
export interface RelayOptions {
  readonly pool: Pool;
  readonly publisher: Publisher;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  /** Told how the publish of a row ended. */
  readonly onResult: (id: string, result: PublishResult) => void;
  /** Deletes the rows that were confirmed. */
  readonly deleteConfirmed: () => Promise<void>;
}

/** A running relay. */
export interface Relay {
  /** Looks at once, and not only when its pause is over: the broker is back. */
  wake(): void;
  /** Finishes what is under way, and ends. */
  stop(): Promise<void>;
}

/** Publishes one leased batch; returns how many rows it took. */
async function relayOnce(options: RelayOptions): Promise<number> {
  const { pool, publisher, log, metrics, onResult } = options;
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
  await options.deleteConfirmed();
  return rows.length;
}

/** Starts the relay; it looks now and then until it is stopped. */
export function startRelay(options: RelayOptions): Relay {
  const { publisher, log } = options;
  let stopping = false;
  let woken = new AbortController();

  const relay = async () => {
    let failures = 0;
    while (!stopping) {
      let waitMs = RELAY_INTERVAL_MS;
      try {
        const taken = publisher.ready() ? await relayOnce(options) : 0;
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
    wake: () => {
      woken.abort();
    },
    stop: async () => {
      stopping = true;
      woken.abort();
      await relaying;
    },
  };
}
