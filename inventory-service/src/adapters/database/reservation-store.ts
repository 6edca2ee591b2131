/** Reservations and stock, as the processor reads and writes them: two SELECTs and one write for a whole batch. */
import {
  countOverdue,
  dueInMs,
  findOverdue,
  isPast,
  isStale,
  type Input,
  type Pool,
  type PoolClient,
  type RowTimes,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import type { ReservationCommand } from '../../domain/decide';
import {
  hasMoved,
  type Product,
  type Reservation,
  type ReservationState,
  type StockLevels,
} from '../../domain/reservation';
import type { Heard } from '../../service';
import { COUNT_OVERDUE, LOAD, LOCK_STOCK, OVERDUE, SAVE } from './reservation-statements';

/** What reaches a reservation. */
export type ReservationMessage = DomainEvent<Heard> | ReservationCommand;

// The columns hold what `toRow` wrote for a reservation of this status; those of another status are null.
type Row = Reservation extends infer Each
  ? Each extends Reservation
    ? Omit<Each, 'wake' | 'clock'> & RowTimes
    : never
  : never;

/** A reservation as it was loaded, and its moments. */
interface Loaded {
  readonly reservation: Reservation;
  readonly times: RowTimes;
}

function fromRow({ dueInMs, movedInMs, ...reservation }: Row, healingAfterMs: number): Loaded {
  const times = { dueInMs, movedInMs };
  const clock = { nudgeDue: isPast(dueInMs), stale: isStale(times, healingAfterMs) };
  return { reservation: { ...reservation, wake: { kind: 'kept' }, clock }, times };
}

/** The store of inventory-service. Reservations that wait longer than `healingAfterMs` are due for a nudge. */
export function createReservationStore(healingAfterMs: number): Store<ReservationState, ReservationMessage> {
  return {
    load: async (tx, inputs) => {
      const keys = [...new Set(inputs.map(({ key }) => key))];
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys] });
      const loaded = new Map(rows.map((row) => [row.orderId, fromRow(row, healingAfterMs)]));
      const concerned = productsConcerned(inputs, loaded);
      const productIds = [...new Set([...concerned.values()].flatMap((ids) => [...ids]))];
      const products = productIds.length === 0 ? [] : await lockStock(tx, productIds);
      return createWorkingSet(tx, healingAfterMs, loaded, concerned, products);
    },
  };
}

async function lockStock(tx: PoolClient, productIds: readonly string[]): Promise<readonly Product[]> {
  const { rows } = await tx.query<Product>({ ...LOCK_STOCK, values: [productIds] });
  return rows;
}

/** The products whose stock each order may move: those it asks for, and those it has. */
function productsConcerned(
  inputs: readonly Input<ReservationMessage>[],
  loaded: ReadonlyMap<string, Loaded>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const concerned = new Map<string, Set<string>>();
  for (const { key, message } of inputs) {
    const reservation = loaded.get(key)?.reservation;
    const lines =
      reservation?.status === 'RESERVED' || reservation?.status === 'COMMITTED'
        ? reservation.items
        : message.type === 'OrderCreated' && !reservation
          ? message.data.items
          : [];
    const ids = concerned.get(key) ?? new Set();
    for (const { productId } of lines) ids.add(productId);
    concerned.set(key, ids);
  }
  return concerned;
}

interface Draft {
  readonly reservation: Reservation;
  /** As it was before this batch; undefined when it is new. */
  readonly loaded: Loaded | undefined;
  readonly traceparent: string | undefined;
}

function createWorkingSet(
  tx: PoolClient,
  healingAfterMs: number,
  loaded: ReadonlyMap<string, Loaded>,
  concerned: ReadonlyMap<string, ReadonlySet<string>>,
  stored: readonly Product[],
): WorkingSet<ReservationState, ReservationMessage> {
  const products = new Map(stored.map((product) => [product.productId, product]));
  const changedReservations = new Map<string, Draft>();
  const dirtyProducts = new Set<string>();

  const stockOf = (key: string): ReadonlyMap<string, Product> => {
    const stock = new Map<string, Product>();
    for (const id of concerned.get(key) ?? []) {
      const product = products.get(id);
      if (product) stock.set(id, product);
    }
    return stock;
  };

  return {
    get: (key) => ({
      reservation: changedReservations.get(key)?.reservation ?? loaded.get(key)?.reservation,
      stock: stockOf(key),
    }),
    put: ({ key, cause }, { reservation, stock }, changed) => {
      if (!changed || !reservation) return;
      const { traceparent } = changedReservations.get(key) ?? cause;
      changedReservations.set(key, { reservation, loaded: loaded.get(key), traceparent });
      for (const [id, product] of stock) {
        if (products.get(id) === product) continue;
        products.set(id, product);
        dirtyProducts.add(id);
      }
    },
    save: () => {
      if (changedReservations.size === 0) return [];
      const rows = [...changedReservations.values()].map((draft) => toRow(draft, healingAfterMs));
      const levels = [...dirtyProducts].map((id) => toLevel(products.get(id)));
      return [tx.query({ ...SAVE, values: [JSON.stringify(rows), JSON.stringify(levels)] })];
    },
  };
}

/** What the order pays, and how; null for a reservation that was not granted. */
const termsOf = (reservation: Reservation) =>
  'totalMinor' in reservation
    ? {
        total_minor: reservation.totalMinor,
        currency: reservation.currency,
        payment_method: reservation.paymentMethod,
      }
    : { total_minor: null, currency: null, payment_method: null };

/** What is sent to be saved of a reservation: a row of the statement's recordset. */
export type SentReservation = ReturnType<typeof toRow>;

const toRow = ({ reservation, loaded, traceparent }: Draft, healingAfterMs: number) => ({
  order_id: reservation.orderId,
  customer_id: reservation.customerId,
  status: reservation.status,
  reason: reservation.reason,
  items: reservation.items,
  nudges: reservation.nudges,
  traceparent,
  lines_at_fault: 'linesAtFault' in reservation ? reservation.linesAtFault : null,
  ...termsOf(reservation),
  moved_in_ms: loaded && !hasMoved(loaded.reservation, reservation) ? loaded.times.movedInMs : 0,
  due_in_ms: dueInMs(reservation.wake, { healingAfterMs, keptInMs: loaded?.times.dueInMs ?? null }),
});

/** The stock of a product as it is saved. */
export interface Level extends StockLevels {
  readonly product_id: string;
}

const toLevel = (product: Product | undefined): Level | undefined =>
  product && {
    product_id: product.productId,
    available: product.available,
    reserved: product.reserved,
    committed: product.committed,
  };

/** Reservations whose next nudge has passed, the longest overdue first. */
export const overdueReservations = (pool: Pool, limit: number): Promise<readonly Input<ReservationCommand>[]> =>
  findOverdue(pool, OVERDUE, limit, { type: 'ReservationOverdue' });

/**
 * Reservations that wait for their payment beyond their time, by status. Walks the index of what is due: the RESERVED
 * ones.
 */
export const countOverdueReservations = (pool: Pool): Promise<readonly StatusCount[]> =>
  countOverdue(pool, COUNT_OVERDUE);
