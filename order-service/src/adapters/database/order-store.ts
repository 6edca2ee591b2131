/** The orders' table, as the processor reads and writes it: one SELECT and one upsert for a whole batch. */
import {
  SWEPT_WITHIN_MS,
  type Input,
  type Pool,
  type PoolClient,
  type PublishedEvent,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import type { OrderCommand, OrderState } from '../../domain/decide';
import { isSettled, type Order, type TimelineEntry } from '../../domain/order';

type Message = DomainEvent | OrderCommand;

/** Longest pause between two nudges of the same order. */
const NUDGE_PAUSE_MAX_MS = 600_000;

/**
 * Entries of a timeline beyond which only those that moved the order are kept, of which there can be but a few: an order may be
 * nudged, and repeat itself, for weeks. A bound on the row, not on the saga.
 */
const TIMELINE_MAX = 200;

/** A moment in milliseconds: pg would parse the text of a timestamp, which costs more than all other columns of the row. */
const inMs = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

const COLUMNS = `order_id AS "orderId", customer_id AS "customerId", status, reason, items, currency, payment_method AS "paymentMethod",
  total_minor::float8 AS "totalMinor", inventory, payment, attempts, idempotency_key AS "idempotencyKey", request_hash AS "requestHash", nudges,
  version, timeline, ${inMs('created_at')} AS "createdAtMs", ${inMs('updated_at')} AS "updatedAtMs"`;

const LOAD = {
  name: 'orders-load',
  text: `SELECT ${COLUMNS}, deadline_at <= now() AS "deadlinePassed", coalesce(due_at <= now(), false) AS "nudgeDue",
      updated_at <= now() - make_interval(secs => $3 / 1000.0) AS stale
    FROM orders WHERE order_id = ANY($1) OR idempotency_key = ANY($2)`,
};

/**
 * A state that changed is due again when its next nudge is, or its deadline. An entry added to its timeline changes nothing else: whoever
 * repeats himself must not put off the nudge.
 */
const SAVE = {
  name: 'orders-save',
  text: `INSERT INTO orders AS stored (order_id, customer_id, status, reason, items, currency, payment_method, total_minor, inventory, payment,
      settled, attempts, timeline, idempotency_key, request_hash, traceparent, nudges, deadline_at, due_at)
    SELECT order_id, customer_id, status::"OrderStatus", reason, items, currency, payment_method, total_minor, inventory::"InventoryFacet",
      payment::"PaymentFacet", settled, attempts, timeline, idempotency_key, request_hash, traceparent, nudges, deadline,
      CASE WHEN settled THEN NULL WHEN status = 'PENDING' THEN least(nudge, deadline) ELSE nudge END
    FROM (SELECT *, now() + make_interval(secs => $2 / 1000.0) AS deadline,
        now() + make_interval(secs => least(${String(NUDGE_PAUSE_MAX_MS)}, $3 * power(2, least(nudges, 20))) / 1000.0) AS nudge
      FROM json_to_recordset($1::json) AS row (order_id text, customer_id text, status text, reason text, items jsonb, currency text,
        payment_method text, total_minor bigint, inventory text, payment text, settled boolean, attempts int, timeline jsonb,
        idempotency_key text, request_hash text, traceparent text, nudges int)) AS rows
    ON CONFLICT (order_id) DO UPDATE SET status = EXCLUDED.status, reason = EXCLUDED.reason, items = EXCLUDED.items,
      total_minor = EXCLUDED.total_minor, inventory = EXCLUDED.inventory, payment = EXCLUDED.payment, settled = EXCLUDED.settled,
      attempts = EXCLUDED.attempts, timeline = EXCLUDED.timeline, nudges = EXCLUDED.nudges, version = stored.version + 1,
      updated_at = CASE WHEN (stored.status, stored.inventory, stored.payment, stored.attempts)
        IS DISTINCT FROM (EXCLUDED.status, EXCLUDED.inventory, EXCLUDED.payment, EXCLUDED.attempts) THEN now() ELSE stored.updated_at END,
      due_at = CASE WHEN EXCLUDED.settled THEN NULL
        WHEN (stored.status, stored.inventory, stored.payment, stored.attempts, stored.nudges)
          IS NOT DISTINCT FROM (EXCLUDED.status, EXCLUDED.inventory, EXCLUDED.payment, EXCLUDED.attempts, EXCLUDED.nudges) THEN stored.due_at
        WHEN EXCLUDED.status = 'PENDING' THEN least(EXCLUDED.due_at, stored.deadline_at) ELSE EXCLUDED.due_at END
    RETURNING order_id AS "orderId", version, ${inMs('stored.created_at')} AS "createdAtMs", ${inMs('stored.updated_at')} AS "updatedAtMs"`,
};

const OVERDUE = {
  name: 'orders-overdue',
  text: 'SELECT order_id AS key, traceparent FROM orders WHERE due_at <= now() ORDER BY due_at LIMIT $1',
};

/** Times that the store needs, in milliseconds. */
export interface StoreTimes {
  readonly deadlineMs: number;
  readonly healingAfterMs: number;
}

interface Stored {
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

type Row = Omit<Order, 'clock' | 'record'> & Order['clock'] & Stored & { readonly timeline: readonly TimelineEntry[] };

const recordOf = ({ version, createdAtMs, updatedAtMs }: Stored, timeline: readonly TimelineEntry[]) => ({
  version,
  timeline,
  createdAt: new Date(createdAtMs),
  updatedAt: new Date(updatedAtMs),
});

const fromRow = ({
  version,
  timeline,
  createdAtMs,
  updatedAtMs,
  deadlinePassed,
  nudgeDue,
  stale,
  ...order
}: Row): Order => ({
  ...order,
  clock: { deadlinePassed, nudgeDue, stale },
  record: recordOf({ version, createdAtMs, updatedAtMs }, timeline),
});

/** Requests with an idempotency key are decided under that key, so that they meet whatever order it already belongs to. */
const IDEMPOTENCY_PREFIX = 'idempotency-key ';

/** The key of a request to place an order: its idempotency key, or the id of the new order. */
export const placementKey = (order: Order): string =>
  order.idempotencyKey === null ? order.orderId : IDEMPOTENCY_PREFIX + order.idempotencyKey;

/** The store of order-service. */
export function createOrderStore(times: StoreTimes): Store<OrderState, Message> {
  return {
    load: async (tx, inputs) => {
      const keys = inputs.map(({ key }) => key);
      const idempotencyKeys = keys
        .filter((key) => key.startsWith(IDEMPOTENCY_PREFIX))
        .map((key) => key.slice(IDEMPOTENCY_PREFIX.length));
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys, idempotencyKeys, times.healingAfterMs] });
      return createWorkingSet(tx, times, rows.map(fromRow));
    },
  };
}

interface Saved extends Stored {
  readonly orderId: string;
}

interface Draft {
  order: Order;
  timeline: TimelineEntry[];
  traceparent: string | undefined;
  dirty: boolean;
}

function createWorkingSet(
  tx: PoolClient,
  times: StoreTimes,
  loaded: readonly Order[],
): WorkingSet<OrderState, Message> {
  const drafts = new Map<string, Draft>();
  const register = (order: Order, traceparent: string | undefined): Draft => {
    const draft = { order, timeline: [...(order.record?.timeline ?? [])], traceparent, dirty: false };
    drafts.set(order.orderId, draft);
    drafts.set(placementKey(order), draft);
    return draft;
  };
  for (const order of loaded) register(order, undefined);

  return {
    get: (key) => drafts.get(key)?.order,
    put: (input, order, changed, published) => {
      if (!order) return;
      const draft = drafts.get(order.orderId) ?? register(order, input.cause.traceparent);
      const moved = changed && order.nudges <= draft.order.nudges;
      draft.order = order;
      const kept = moved || draft.timeline.length < TIMELINE_MAX;
      const entries = kept ? entriesOf(draft.timeline, input, published) : [];
      draft.timeline.push(...entries);
      draft.dirty ||= changed || entries.length > 0;
    },
    save: () => {
      const dirty = [...new Set(drafts.values())].filter((draft) => draft.dirty);
      if (dirty.length === 0) return [];
      const values = [JSON.stringify(dirty.map(toRow)), times.deadlineMs, times.healingAfterMs];
      const saved = tx.query<Saved>({ ...SAVE, values }).then(({ rows }) => {
        for (const { orderId, ...stored } of rows) {
          const draft = drafts.get(orderId);
          if (draft) draft.order = { ...draft.order, record: recordOf(stored, draft.timeline) };
        }
      });
      return [saved];
    },
  };
}

function entriesOf(
  timeline: readonly TimelineEntry[],
  { message }: Input<Message>,
  published: readonly PublishedEvent[],
): TimelineEntry[] {
  const causation = 'id' in message ? message.id : null;
  const entries: TimelineEntry[] = published.map(({ id, type, time }) => ({
    id,
    type,
    direction: 'published',
    time,
    causation_id: causation,
  }));
  if (!('id' in message) || timeline.some(({ id }) => id === message.id)) return entries;
  return [
    {
      id: message.id,
      type: message.type,
      direction: 'heard',
      time: message.time,
      causation_id: message.causationid ?? null,
    },
    ...entries,
  ];
}

const toRow = ({ order, timeline, traceparent }: Draft) => ({
  order_id: order.orderId,
  customer_id: order.customerId,
  status: order.status,
  reason: order.reason,
  items: order.items,
  currency: order.currency,
  payment_method: order.paymentMethod,
  total_minor: order.totalMinor,
  inventory: order.inventory,
  payment: order.payment,
  settled: isSettled(order),
  attempts: order.attempts,
  timeline,
  idempotency_key: order.idempotencyKey,
  request_hash: order.requestHash,
  traceparent,
  nudges: order.nudges,
});

/** Orders whose deadline or next nudge has passed, the longest overdue first. */
export async function overdueOrders(pool: Pool, limit: number): Promise<readonly Input<OrderCommand>[]> {
  const { rows } = await pool.query<{ key: string; traceparent: string | null }>({ ...OVERDUE, values: [limit] });
  return rows.map(({ key, traceparent }) => ({
    key,
    message: { type: 'OrderOverdue' },
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** What waits beyond its time: it was nudged in vain, or the sweeper has not come for it. */
const COUNT_OVERDUE = {
  name: 'orders-count-overdue',
  text: `SELECT status AS status, count(*)::int AS count FROM orders
    WHERE due_at IS NOT NULL AND (nudges > 0 OR due_at <= now() - make_interval(secs => $1 / 1000.0)) GROUP BY 1`,
};

/** Unsettled orders that have been nudged, or should have been, by status. Walks the index of what is due: the unsettled ones. */
export async function countOverdueOrders(pool: Pool): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>({ ...COUNT_OVERDUE, values: [SWEPT_WITHIN_MS] });
  return rows;
}
