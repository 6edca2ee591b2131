/** The table of order-service and the statements of its store (order-service/src/adapters/database/order-store.ts). */
import { sqlError, type Statements } from './statement';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import { growing, list, number, records, rowsOf, toColumn, toDate } from './values';

/** What a store sends of an order. */
interface OrderRecord {
  readonly order_id: string;
  readonly customer_id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly items: readonly object[];
  readonly currency: string;
  readonly payment_method: string;
  readonly total_minor: number | null;
  readonly inventory: string;
  readonly payment: string;
  readonly settled: boolean;
  readonly attempts: number;
  readonly timeline: readonly object[];
  readonly idempotency_key: string | null;
  readonly request_hash: string;
  readonly traceparent?: string;
  readonly nudges: number;
}

/** A row of `orders`; times in milliseconds. */
export interface OrderRow extends OrderRecord {
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly deadline_at: number;
  readonly due_at: number | null;
}

/** The tables of order-service. */
export interface OrderTables {
  readonly orders: Table<OrderRow>;
  readonly ordersDue: DueIndex<OrderRow>;
  /** Orders by idempotency key, committed. */
  readonly byKey: ReadonlyMap<string, string>;
}

/** Creates them empty. */
export function createOrderTables(): OrderTables {
  const orders = createTable<OrderRow>('orders');
  const byKey = new Map<string, string>();
  orders.watchers.push((orderId, _before, after) => {
    if (after?.idempotency_key != null) byKey.set(after.idempotency_key, orderId);
  });
  return { orders, ordersDue: indexByDue(orders, ({ due_at }) => due_at), byKey };
}

const NUDGE_PAUSE_MAX_MS = 600_000;

const moved = (a: OrderRow, b: OrderRecord) =>
  a.status !== b.status || a.inventory !== b.inventory || a.payment !== b.payment || a.attempts !== b.attempts;

/** When an order that was there is due, if `due` is what it would be as a new one. */
function nextDue(stored: OrderRow, record: OrderRecord, due: number | null): number | null {
  if (due === null) return null;
  if (!moved(stored, record) && stored.nudges === record.nudges) return stored.due_at;
  return record.status === 'PENDING' ? Math.min(due, stored.deadline_at) : due;
}

/** The row that an upsert leaves. */
function upserted(
  stored: OrderRow | undefined,
  record: OrderRecord,
  nowMs: number,
  deadlineMs: number,
  nudgeMs: number,
) {
  const now = toColumn(nowMs);
  const deadline = toColumn(nowMs + deadlineMs);
  const nudge = toColumn(nowMs + growing(nudgeMs, record.nudges, NUDGE_PAUSE_MAX_MS));
  const due = record.settled ? null : record.status === 'PENDING' ? Math.min(nudge, deadline) : nudge;
  if (!stored) return { ...record, version: 1, created_at: now, updated_at: now, deadline_at: deadline, due_at: due };
  return {
    ...stored,
    status: record.status,
    reason: record.reason,
    items: record.items,
    total_minor: record.total_minor,
    inventory: record.inventory,
    payment: record.payment,
    settled: record.settled,
    attempts: record.attempts,
    timeline: record.timeline,
    nudges: record.nudges,
    version: stored.version + 1,
    updated_at: moved(stored, record) ? now : stored.updated_at,
    due_at: nextDue(stored, record, due),
  };
}

const loaded = (row: OrderRow, nowMs: number, healingMs: number) => ({
  orderId: row.order_id,
  customerId: row.customer_id,
  status: row.status,
  reason: row.reason,
  items: row.items,
  currency: row.currency,
  paymentMethod: row.payment_method,
  totalMinor: row.total_minor,
  inventory: row.inventory,
  payment: row.payment,
  attempts: row.attempts,
  idempotencyKey: row.idempotency_key,
  requestHash: row.request_hash,
  nudges: row.nudges,
  version: row.version,
  timeline: row.timeline,
  createdAtMs: toDate(row.created_at).getTime(),
  updatedAtMs: toDate(row.updated_at).getTime(),
  deadlinePassed: row.deadline_at <= nowMs,
  nudgeDue: row.due_at !== null && row.due_at <= nowMs,
  stale: row.updated_at <= nowMs - healingMs,
});

/** The statements of the store. */
export function orderStatements({ orders, ordersDue, byKey }: OrderTables): Statements {
  return {
    'orders-load': {
      run: (values, tx) => {
        const ids = new Set(list(values, 0));
        for (const key of list(values, 1)) ids.add(byKey.get(key) ?? '');
        const rows: object[] = [];
        for (const id of ids) {
          const row = tx.get(orders, id);
          if (row) rows.push(loaded(row, tx.nowMs, number(values, 2)));
        }
        return rowsOf(rows);
      },
    },
    'orders-save': {
      locks: (values) =>
        (records(values, 0) as readonly OrderRecord[]).flatMap(({ order_id, idempotency_key }) => [
          `orders ${order_id}`,
          ...(idempotency_key === null ? [] : [`orders key ${idempotency_key}`]),
        ]),
      run: (values, tx) => {
        const saved = (records(values, 0) as readonly OrderRecord[]).map((record) => {
          const { order_id: id, idempotency_key: key } = record;
          if (key !== null && (byKey.get(key) ?? id) !== id)
            throw sqlError('23505', 'duplicate key value violates unique constraint "orders_idempotency_key_key"');
          const row = upserted(tx.get(orders, id), record, tx.nowMs, number(values, 1), number(values, 2));
          tx.put(orders, id, row);
          return {
            orderId: id,
            version: row.version,
            createdAtMs: toDate(row.created_at).getTime(),
            updatedAtMs: toDate(row.updated_at).getTime(),
          };
        });
        return rowsOf(saved);
      },
    },
    'orders-overdue': {
      run: (values, tx) =>
        rowsOf(
          ordersDue
            .due(tx.nowMs, number(values, 0))
            .map(({ order_id, traceparent }) => ({ key: order_id, traceparent: traceparent ?? null })),
        ),
    },
  };
}
