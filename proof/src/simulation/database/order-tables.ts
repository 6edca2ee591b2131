/** The table of order-service (order-service/src/adapters/database/order-statements.ts). */
import type { SentOrder } from '@quadrille/order-service/src/adapters/database/order-store';
import { createStateTable, rowTimes, type StateRow, type StateTable } from './state-table';
import { sqlError, type Statements } from './statement';
import { list, toDate } from './values';

/** The table of order-service. */
export type OrderTable = StateTable<SentOrder>;

const momentsOf = (row: StateRow<SentOrder>) => ({
  version: row.version,
  createdAtMs: toDate(row.created_at).getTime(),
  updatedAtMs: toDate(row.updated_at).getTime(),
});

/** Creates it empty. */
export function createOrderTable(): OrderTable {
  /** Orders by idempotency key, committed. */
  const byKey = new Map<string, string>();
  const orders = createStateTable<SentOrder>({
    name: 'orders',
    keyOf: (row) => row.order_id,
    notLoaded: ['settled', 'traceparent'],
    writtenOnce: ['customer_id', 'currency', 'payment_method', 'idempotency_key', 'request_hash', 'traceparent'],
    computes: (row, nowMs) => ({
      ...momentsOf(row),
      ...rowTimes(row, nowMs),
      deadlineInMs: row.deadline_at - nowMs,
    }),
    keysOf: (values) => [...list(values, 0), ...list(values, 1).flatMap((key) => byKey.get(key) ?? [])],
    alsoLocks: ({ idempotency_key: key }) => (key === null ? [] : [`orders key ${key}`]),
    check: ({ order_id: id, idempotency_key: key }) => {
      if (key !== null && (byKey.get(key) ?? id) !== id)
        throw sqlError('23505', 'duplicate key value violates unique constraint "orders_idempotency_key_key"');
    },
    returns: (row) => ({ orderId: row.order_id, ...momentsOf(row) }),
  });
  orders.table.watchers.push((orderId, _before, after) => {
    if (after?.idempotency_key != null) byKey.set(after.idempotency_key, orderId);
  });
  return orders;
}

/** The statements of the store. */
export const orderStatements = ({ load, save, overdue }: OrderTable): Statements => ({
  'orders-load': load,
  'orders-save': save,
  'orders-overdue': overdue,
});
