/** The orders' table, as the processor reads and writes it: one SELECT and one upsert for a whole batch. */
import {
  countOverdue,
  dueInMs,
  findOverdue,
  isPast,
  isStale,
  type Input,
  type Pool,
  type PoolClient,
  type PublishedEvent,
  type RowTimes,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import type { OrderCommand, OrderState } from '../../domain/decide';
import { hasMoved, isSettled, type Order, type TimelineEntry } from '../../domain/order';
import { COUNT_OVERDUE, LOAD, OVERDUE, SAVE } from './order-statements';

type Message = DomainEvent | OrderCommand;

/**
 * Entries of a timeline beyond which only those that moved the order are kept, of which there can be but a few: an
 * order may be nudged, and repeat itself, for weeks. A bound on the row, not on the saga.
 */
const TIMELINE_MAX = 200;

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

/** Moments of a stored order, in milliseconds from now. */
interface OrderTimes extends RowTimes {
  readonly deadlineInMs: number;
}

interface Row extends Omit<Order, 'clock' | 'wake' | 'record'>, OrderTimes, Stored {
  readonly timeline: readonly TimelineEntry[];
}

const recordOf = ({ version, createdAtMs, updatedAtMs }: Stored, timeline: readonly TimelineEntry[]) => ({
  version,
  timeline,
  createdAt: new Date(createdAtMs),
  updatedAt: new Date(updatedAtMs),
});

/** An order as it was loaded, and its moments. */
interface Loaded {
  readonly order: Order;
  readonly times: OrderTimes;
}

function fromRow(
  { version, timeline, createdAtMs, updatedAtMs, deadlineInMs, dueInMs, movedInMs, ...order }: Row,
  healingAfterMs: number,
): Loaded {
  const times = { deadlineInMs, dueInMs, movedInMs };
  const clock = {
    deadlinePassed: isPast(deadlineInMs),
    nudgeDue: isPast(dueInMs),
    stale: isStale(times, healingAfterMs),
  };
  const record = recordOf({ version, createdAtMs, updatedAtMs }, timeline);
  return { order: { ...order, wake: { kind: 'kept' }, clock, record }, times };
}

/**
 * Requests with an idempotency key are decided under that key, so that they meet whatever order it already belongs to.
 */
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
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys, idempotencyKeys] });
      const loaded = rows.map((row) => fromRow(row, times.healingAfterMs));
      return createWorkingSet(tx, times, loaded);
    },
  };
}

interface Saved extends Stored {
  readonly orderId: string;
}

interface Draft {
  order: Order;
  /** As it was before this batch; undefined when it is new. */
  readonly loaded: Loaded | undefined;
  timeline: TimelineEntry[];
  traceparent: string | undefined;
  dirty: boolean;
}

function createWorkingSet(
  tx: PoolClient,
  times: StoreTimes,
  loaded: readonly Loaded[],
): WorkingSet<OrderState, Message> {
  const drafts = new Map<string, Draft>();
  const register = (order: Order, stored?: Loaded, traceparent?: string): Draft => {
    const timeline = [...(order.record?.timeline ?? [])];
    const draft = { order, loaded: stored, timeline, traceparent, dirty: false };
    drafts.set(order.orderId, draft);
    drafts.set(placementKey(order), draft);
    return draft;
  };
  for (const stored of loaded) register(stored.order, stored);

  return {
    get: (key) => drafts.get(key)?.order,
    put: (input, order, changed, published) => {
      if (!order) return;
      const draft = drafts.get(order.orderId) ?? register(order, undefined, input.cause.traceparent);
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
      const sent = JSON.stringify(dirty.map((draft) => toRow(draft, times)));
      const saved = tx.query<Saved>({ ...SAVE, values: [sent] }).then(({ rows }) => {
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

/** What is sent to be saved of an order: a row of the statement's recordset. */
export type SentOrder = ReturnType<typeof toRow>;

function toRow({ order, loaded, timeline, traceparent }: Draft, { deadlineMs, healingAfterMs }: StoreTimes) {
  const deadlineInMs = loaded?.times.deadlineInMs ?? deadlineMs;
  const keptInMs = loaded?.times.dueInMs ?? null;
  return {
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
    moved_in_ms: loaded && !hasMoved(loaded.order, order) ? loaded.times.movedInMs : 0,
    deadline_in_ms: deadlineInMs,
    due_in_ms: dueInMs(order.wake, { healingAfterMs, keptInMs, deadlineInMs }),
  };
}

/** Orders whose deadline or next nudge has passed, the longest overdue first. */
export const overdueOrders = (pool: Pool, limit: number): Promise<readonly Input<OrderCommand>[]> =>
  findOverdue(pool, OVERDUE, limit, { type: 'OrderOverdue' });

/**
 * Unsettled orders that have been nudged, or should have been, by status. Walks the index of what is due: the unsettled
 * ones.
 */
export const countOverdueOrders = (pool: Pool): Promise<readonly StatusCount[]> => countOverdue(pool, COUNT_OVERDUE);
