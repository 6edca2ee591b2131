/** The tables that every service has, and the statements that the chassis sends. */
import {
  RELAY_BATCH,
  RELAY_LEASE_S,
  ROW_PAUSE_MAX_S,
} from '@quadrille/service-chassis/src/processing/outbox-statements';
import { COUNT_KEPT_H, PURGE_BATCH } from '@quadrille/service-chassis/src/processing/purge';
import { ONE_DEATH_MS } from '@quadrille/service-chassis/src/processing/death-count';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import type { Transaction } from './transaction';
import type { Statements } from './statement';
import { list, number, rowsOf, text, toColumn, written } from './values';

interface OutboxRow {
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly orderId: string;
  readonly traceparent: string | null;
  readonly body: string;
  readonly attempts: number;
  readonly availableAt: number;
}

interface DeliveryAttemptRow {
  readonly attempts: number;
  readonly updatedAt: number;
}

/** The tables of the chassis in one database. */
export interface ChassisTables {
  readonly outbox: Table<OutboxRow>;
  readonly outboxDue: DueIndex<OutboxRow>;
  readonly deliveryAttempt: Table<DeliveryAttemptRow>;
}

/** Creates them empty. */
export function createChassisTables(): ChassisTables {
  const outbox = createTable<OutboxRow>('outbox');
  return {
    outbox,
    outboxDue: indexByDue(outbox, ({ availableAt }) => availableAt),
    deliveryAttempt: createTable<DeliveryAttemptRow>('delivery_attempt'),
  };
}

const MS_PER_S = 1_000;
/** The times and bounds of the statements in service-chassis/src/processing/outbox.ts and purge.ts. */
const COUNT_KEPT_MS = COUNT_KEPT_H * 3_600 * MS_PER_S;
const RELAY_LEASE_MS = RELAY_LEASE_S * MS_PER_S;
const ROW_PAUSE_MAX_MS = ROW_PAUSE_MAX_S * MS_PER_S;

const outboxLock = (id: string) => `outbox ${id}`;
const attemptLock = (id: string) => `delivery_attempt ${id}`;

/** The first of them that nobody else holds: what `LIMIT ... FOR UPDATE SKIP LOCKED` takes, and locks, and no more. */
function takeFree<Row>(tx: Transaction, rows: Iterable<Row>, limit: number, lockOf: (row: Row) => string): Row[] {
  const taken: Row[] = [];
  for (const row of rows) {
    if (taken.length === limit) break;
    if (tx.tryLock(lockOf(row))) taken.push(row);
  }
  return taken;
}

/** What the processor asks of the outbox. */
const writingStatements = ({ outbox }: ChassisTables): Statements => ({
  'outbox-write': {
    locks: (values) => list(values, 0).map(outboxLock),
    run: (values, tx) => {
      for (const id of list(values, 0)) tx.remove(outbox, id);
      const [ids, exchanges, routingKeys, orderIds, traceparents, bodies] = [1, 2, 3, 4, 5, 6].map((column) =>
        list(values, column),
      );
      const availableAt = toColumn(tx.nowMs + number(values, 7) * MS_PER_S);
      ids?.forEach((id, index) => {
        tx.put(outbox, id, {
          id,
          exchange: exchanges?.[index] ?? '',
          routingKey: routingKeys?.[index] ?? '',
          orderId: orderIds?.[index] ?? '',
          traceparent: traceparents?.[index] ?? null,
          body: bodies?.[index] ?? '',
          attempts: 0,
          availableAt,
        });
      });
      return written(ids?.length ?? 0);
    },
  },
  'outbox-delete': {
    locks: (values) => list(values, 0).map(outboxLock),
    run: (values, tx) => {
      const ids = list(values, 0).filter((id) => tx.get(outbox, id));
      for (const id of ids) tx.remove(outbox, id);
      return written(ids.length);
    },
  },
});

/** What the relay asks of the outbox. */
const relayStatements = ({ outbox, outboxDue }: ChassisTables): Statements => ({
  'outbox-lease': {
    run: (_values, tx) => {
      const waiting = outboxDue.due(tx.nowMs, Number.POSITIVE_INFINITY).sort((a, b) => (a.id < b.id ? -1 : 1));
      const due = takeFree(tx, waiting, RELAY_BATCH, ({ id }) => outboxLock(id));
      for (const row of due) {
        tx.put(outbox, row.id, {
          ...row,
          attempts: row.attempts + 1,
          availableAt: toColumn(tx.nowMs + RELAY_LEASE_MS),
        });
      }
      return rowsOf(
        due.map(({ id, exchange, routingKey, orderId, traceparent, body }) => ({
          id,
          exchange,
          routingKey,
          orderId,
          traceparent,
          body,
        })),
      );
    },
  },
  'outbox-postpone': {
    locks: (values) => list(values, 0).map(outboxLock),
    run: (values, tx) => {
      let count = 0;
      for (const id of list(values, 0)) {
        const row = tx.get(outbox, id);
        if (!row) continue;
        count += 1;
        const pauseMs = Math.min(ROW_PAUSE_MAX_MS, 2 ** Math.min(row.attempts, 10) * MS_PER_S);
        tx.put(outbox, id, { ...row, availableAt: toColumn(tx.nowMs + pauseMs) });
      }
      return written(count);
    },
  },
});

/** What is asked of the counts of deaths. */
const deathCountStatements = ({ deliveryAttempt }: ChassisTables): Statements => ({
  'delivery-attempt-runs': {
    run: (values, tx) => {
      const row = tx.get(deliveryAttempt, text(values, 0));
      return rowsOf(row ? [{ attempts: row.attempts, recent: row.updatedAt > tx.nowMs - ONE_DEATH_MS }] : []);
    },
  },
  'delivery-attempt': {
    locks: (values) => [attemptLock(text(values, 0))],
    run: (values, tx) => {
      tx.put(deliveryAttempt, text(values, 0), { attempts: number(values, 1), updatedAt: toColumn(tx.nowMs) });
      return written(1);
    },
  },
  'delivery-attempt-purge': {
    run: (_values, tx) => {
      const old = [...deliveryAttempt.rows].filter(([, { updatedAt }]) => updatedAt < tx.nowMs - COUNT_KEPT_MS);
      const taken = takeFree(tx, old, PURGE_BATCH, ([id]) => attemptLock(id));
      for (const [id] of taken) tx.remove(deliveryAttempt, id);
      return written(taken.length);
    },
  },
  'delivery-attempt-done': {
    locks: (values) => [attemptLock(text(values, 0))],
    run: (values, tx) => {
      const id = text(values, 0);
      if (!tx.get(deliveryAttempt, id)) return written(0);
      tx.remove(deliveryAttempt, id);
      return written(1);
    },
  },
});

/** The statements of the chassis on its tables. */
export const chassisStatements = (tables: ChassisTables): Statements => ({
  'lock-keys': {
    locks: (values) => [...new Set(list(values, 0))].sort().map((key) => `advisory ${key}`),
    run: (values) => rowsOf(new Array(new Set(list(values, 0)).size).fill({})),
  },
  ...writingStatements(tables),
  ...relayStatements(tables),
  ...deathCountStatements(tables),
});
