/** The tables of notification-service (notification-service/src/adapters/database/notification-statements.ts). */
import type { SentNotification } from '@quadrille/notification-service/src/adapters/database/notification-store';
import { createStateTable, rowTimes, type StateTable } from './state-table';
import type { Statements } from './statement';
import { createTable, type Table } from './tables';
import { list, rowsOf } from './values';

interface CustomerRow {
  readonly email: string;
}

/** The tables of notification-service. */
export interface NotificationTables {
  /** By order and kind, which are unique, or by id where there is no order. */
  readonly notifications: StateTable<SentNotification>;
  readonly customer: Table<CustomerRow>;
}

const KINDS = ['PAYMENT_RECEIVED', 'CONFIRMED', 'COMPLETED', 'REJECTED', 'FAILED', 'CANCELLED', 'REFUNDED'] as const;

const keyOf = (order: string, kind: string) => `${order} ${kind}`;

/** Creates them empty. */
export const createNotificationTables = (): NotificationTables => ({
  notifications: createStateTable<SentNotification>({
    name: 'notification',
    keyOf: (row) => (row.order_id === null ? row.notification_id : keyOf(row.order_id, row.kind)),
    notLoaded: ['order_id', 'message', 'traceparent'],
    writtenOnce: 'all',
    computes: (row, nowMs) => ({
      key: row.order_id ?? row.notification_id,
      dueInMs: rowTimes(row, nowMs).dueInMs,
    }),
    keysOf: (values) => list(values, 0).flatMap((key) => [key, ...KINDS.map((kind) => keyOf(key, kind))]),
    overdueWith: ({ kind }) => ({ kind }),
  }),
  customer: createTable<CustomerRow>('customer'),
});

/** The statements of the store. */
export const notificationStatements = ({ notifications, customer }: NotificationTables): Statements => ({
  'notifications-load': notifications.load,
  'notifications-insert': notifications.save,
  'notifications-overdue': notifications.overdue,
  'addresses-load': {
    run: (values, tx) =>
      rowsOf(
        list(values, 0).flatMap((customerId) => {
          const row = tx.get(customer, customerId);
          return row ? [{ customerId, email: row.email }] : [];
        }),
      ),
  },
});
