/**
 * The transactional outbox (https://microservices.io/patterns/data/transactional-outbox.html).
 *
 * A row is written in the transaction of the state that it publishes. Right after the commit the same process publishes
 * it from memory; the row itself is for the case that this process dies or the broker is away. A row whose publish was
 * confirmed and not returned is deleted with the next batch's statement, or by a timer when there is none.
 *
 * What was left behind is found by the relay (relay.ts). Order is not promised and not needed.
 */
import type { Pool, PoolClient } from 'pg';
import type { PublishResult } from '../broker/confirms';
import type { OutgoingMessage } from '../broker/outgoing-message';
import type { Publisher } from '../broker/publisher';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics, StatusCount } from '../telemetry/metrics';
import { failpoint } from '../timing/failpoint';
import { COUNT, DELETE, WRITE } from './outbox-statements';
import { startRelay } from './relay';

/**
 * A fresh row is left to the process that wrote it for this long. When that process cannot publish now, any relay may
 * take it at once.
 */
const LEFT_TO_WRITER_S = 5;

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
  /** Lets what is under way be confirmed, deletes it, and ends. Bounded by the publisher's own limits. */
  stop(): Promise<void>;
}

/** What an outbox is made of. */
export interface OutboxOptions {
  readonly pool: Pool;
  readonly publisher: Publisher;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
}

/** Ids of rows that were confirmed and are not deleted yet. */
function createConfirmed({ pool, log }: OutboxOptions) {
  let ids: string[] = [];
  const take = () => {
    const taken = ids;
    ids = [];
    return taken;
  };
  const putBack = (taken: readonly string[]) => {
    ids.push(...taken);
  };
  return {
    add: (id: string) => {
      ids.push(id);
    },
    take,
    putBack,
    deleteAll: async () => {
      if (ids.length === 0) return;
      const taken = take();
      try {
        await pool.query({ ...DELETE, values: [taken] });
      } catch (error) {
        putBack(taken);
        log.debug({ err: error }, 'published rows stay in the outbox for now');
      }
    },
  };
}

const columnsOf = (rows: readonly OutgoingMessage[]) => [
  rows.map((row) => row.id),
  rows.map((row) => row.exchange),
  rows.map((row) => row.routingKey),
  rows.map((row) => row.orderId),
  rows.map((row) => row.traceparent ?? null),
  rows.map((row) => row.body),
];

/** Creates the outbox and starts its relay. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { pool, publisher, metrics } = options;
  metrics.count(
    'outbox_rows',
    'Outbox rows, by whether their writer may still send them or the relay has to',
    async () => {
      const { rows } = await pool.query<StatusCount>(COUNT);
      return rows;
    },
  );
  const confirmed = createConfirmed(options);
  const sweep = setInterval(() => void confirmed.deleteAll(), SWEEP_DONE_INTERVAL_MS);

  const onResult = (id: string, result: PublishResult) => {
    metrics.published.inc({ result });
    if (result === 'confirmed') confirmed.add(id);
    void failpoint('after_confirm');
  };
  const relay = startRelay({ ...options, onResult, deleteConfirmed: confirmed.deleteAll });

  return {
    write: async (tx, rows) => {
      const done = confirmed.take();
      if (rows.length === 0 && done.length === 0) return;
      try {
        const leftToWriterS = publisher.ready() ? LEFT_TO_WRITER_S : 0;
        await tx.query({ ...WRITE, values: [done, ...columnsOf(rows), leftToWriterS] });
      } catch (error) {
        confirmed.putBack(done);
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
      relay.wake();
    },
    stop: async () => {
      clearInterval(sweep);
      await relay.stop();
      await publisher.idle();
      await confirmed.deleteAll();
    },
  };
}
