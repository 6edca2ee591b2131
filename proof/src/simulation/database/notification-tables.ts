/** The tables of notification-service and the statements of its store (notification-service/src/adapters/database/notification-store.ts). */
import type { Statements } from './statement';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import { growing, list, number, records, rowsOf, toColumn, written } from './values';

interface NotificationRecord {
  readonly notification_id: string;
  readonly customer_id: string;
  readonly order_id: string | null;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
  readonly channel: string;
  readonly attempts: number;
  readonly traceparent?: string;
}

/** A row of `notification`; times in milliseconds. */
export interface NotificationRow extends NotificationRecord {
  readonly sent_at: number | null;
  readonly due_at: number | null;
}

interface CustomerRow {
  readonly email: string;
}

/** The tables of notification-service. */
export interface NotificationTables {
  /** By order and kind, which are unique, or by id where there is no order. */
  readonly notification: Table<NotificationRow>;
  readonly notificationDue: DueIndex<NotificationRow>;
  readonly customer: Table<CustomerRow>;
}

/** Creates them empty. */
export function createNotificationTables(): NotificationTables {
  const notification = createTable<NotificationRow>('notification');
  return {
    notification,
    notificationDue: indexByDue(notification, ({ due_at }) => due_at),
    customer: createTable<CustomerRow>('customer'),
  };
}

const KINDS = ['PAYMENT_RECEIVED', 'CONFIRMED', 'COMPLETED', 'REJECTED', 'FAILED', 'CANCELLED', 'REFUNDED'] as const;
const MAIL_PAUSE_MAX_MS = 3_600_000;

const keyOf = (order: string, kind: string) => `${order} ${kind}`;
const keyOfRow = (row: Pick<NotificationRecord, 'order_id' | 'notification_id' | 'kind'>) =>
  row.order_id === null ? row.notification_id : keyOf(row.order_id, row.kind);

interface Sent {
  readonly attempts: number;
  readonly sent: boolean;
}

const dueAt = ({ attempts, sent }: Sent, nowMs: number, firstPauseMs: number) =>
  sent ? null : toColumn(nowMs + growing(firstPauseMs / 2, attempts, MAIL_PAUSE_MAX_MS));

const loaded = (row: NotificationRow, nowMs: number) => ({
  key: row.order_id ?? row.notification_id,
  notificationId: row.notification_id,
  customerId: row.customer_id,
  kind: row.kind,
  subject: row.subject,
  channel: row.channel,
  attempts: row.attempts,
  sent: row.sent_at !== null,
  overdue: row.due_at !== null && row.due_at <= nowMs,
});

/** The statements of the store. */
export function notificationStatements({ notification, notificationDue, customer }: NotificationTables): Statements {
  return {
    'notifications-load': {
      run: (values, tx) => {
        const rows: object[] = [];
        for (const key of new Set(list(values, 0))) {
          for (const each of [key, ...KINDS.map((kind) => keyOf(key, kind))]) {
            const row = tx.get(notification, each);
            if (row) rows.push(loaded(row, tx.nowMs));
          }
        }
        return rowsOf(rows);
      },
    },
    'addresses-load': {
      run: (values, tx) =>
        rowsOf(
          list(values, 0).flatMap((customerId) => {
            const row = tx.get(customer, customerId);
            return row ? [{ customerId, email: row.email }] : [];
          }),
        ),
    },
    'notifications-insert': {
      locks: (values) =>
        (records(values, 0) as readonly NotificationRecord[]).map((row) => `notification ${keyOfRow(row)}`),
      run: (values, tx) => {
        let count = 0;
        for (const { sent, ...record } of records(values, 0) as readonly (NotificationRecord & Sent)[]) {
          const key = keyOfRow(record);
          if (tx.get(notification, key)) continue;
          count += 1;
          const due_at = dueAt({ sent, attempts: record.attempts }, tx.nowMs, number(values, 1));
          tx.put(notification, key, { ...record, sent_at: sent ? toColumn(tx.nowMs) : null, due_at });
        }
        return written(count);
      },
    },
    'notifications-overdue': {
      run: (values, tx) =>
        rowsOf(
          notificationDue.due(tx.nowMs, number(values, 0)).map((row) => ({
            key: row.order_id ?? row.notification_id,
            kind: row.kind,
            traceparent: row.traceparent ?? null,
          })),
        ),
    },
  };
}
