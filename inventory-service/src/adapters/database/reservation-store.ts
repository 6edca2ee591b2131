/** Reservations and stock, as the processor reads and writes them: two SELECTs and one write for a whole batch. */
import {
  SWEPT_WITHIN_MS,
  type Input,
  type Pool,
  type PoolClient,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import type { ReservationCommand } from '../../domain/decide';
import type { Product, Reservation, ReservationClock, ReservationState } from '../../domain/reservation';
import type { Heard } from '../../service';

/** What reaches a reservation. */
export type ReservationMessage = DomainEvent<Heard> | ReservationCommand;

/** Longest pause between two nudges of the same reservation. */
const NUDGE_PAUSE_MAX_MS = 600_000;

const LOAD = {
  name: 'reservations-load',
  text: `SELECT order_id AS "orderId", customer_id AS "customerId", status, reason, items, lines_at_fault AS "linesAtFault",
      total_minor::float8 AS "totalMinor", currency, payment_method AS "paymentMethod", nudges,
      coalesce(due_at <= now(), false) AS "nudgeDue", updated_at <= now() - make_interval(secs => $2 / 1000.0) AS stale
    FROM reservation WHERE order_id = ANY($1)`,
};

/** Locks the products in the order of their ids, as everybody does. */
const LOCK_STOCK = {
  name: 'stock-lock',
  text: `SELECT product_id AS "productId", price_minor::float8 AS "priceMinor", currency, available::float8 AS available,
      reserved::float8 AS reserved, committed::float8 AS committed
    FROM product WHERE product_id = ANY($1) ORDER BY product_id FOR UPDATE`,
};

/** A nudge is no change: it sets the next one, and updated_at stays. */
const SAVE = {
  name: 'reservations-save',
  text: `WITH stock AS (
      UPDATE product SET available = level.available, reserved = level.reserved, committed = level.committed
      FROM json_to_recordset($2::json) AS level (product_id text, available bigint, reserved bigint, committed bigint)
      WHERE product.product_id = level.product_id)
    INSERT INTO reservation AS stored (order_id, customer_id, status, reason, items, lines_at_fault, total_minor, currency,
      payment_method, traceparent, nudges, due_at)
    SELECT order_id, customer_id, status::"ReservationStatus", reason, items, lines_at_fault, total_minor, currency, payment_method,
      traceparent, nudges, CASE WHEN status = 'RESERVED'
        THEN now() + make_interval(secs => least(${String(NUDGE_PAUSE_MAX_MS)}, $3 * power(2, least(nudges, 20))) / 1000.0) END
    FROM json_to_recordset($1::json) AS row (order_id text, customer_id text, status text, reason text, items jsonb,
      lines_at_fault jsonb, total_minor bigint, currency text, payment_method text, traceparent text, nudges int)
    ON CONFLICT (order_id) DO UPDATE SET status = EXCLUDED.status, reason = EXCLUDED.reason, nudges = EXCLUDED.nudges,
      due_at = EXCLUDED.due_at,
      updated_at = CASE WHEN stored.status IS DISTINCT FROM EXCLUDED.status THEN now() ELSE stored.updated_at END`,
};

const OVERDUE = {
  name: 'reservations-overdue',
  text: 'SELECT order_id AS key, traceparent FROM reservation WHERE due_at <= now() ORDER BY due_at LIMIT $1',
};

// The columns hold what `toRow` wrote for a reservation of this status; those of another status are null.
type Row = Reservation extends infer Each
  ? Each extends Reservation
    ? Omit<Each, 'clock'> & ReservationClock
    : never
  : never;

const fromRow = ({ nudgeDue, stale, ...reservation }: Row): Reservation => ({
  ...reservation,
  clock: { nudgeDue, stale },
});

/** The store of inventory-service. Reservations that wait longer than `healingAfterMs` are due for a nudge. */
export function createReservationStore(healingAfterMs: number): Store<ReservationState, ReservationMessage> {
  return {
    load: async (tx, inputs) => {
      const keys = [...new Set(inputs.map(({ key }) => key))];
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys, healingAfterMs] });
      const reservations = new Map(rows.map((row) => [row.orderId, fromRow(row)]));
      const concerned = productsConcerned(inputs, reservations);
      const productIds = [...new Set([...concerned.values()].flatMap((ids) => [...ids]))];
      const products = productIds.length === 0 ? [] : await lockStock(tx, productIds);
      return createWorkingSet(tx, healingAfterMs, reservations, concerned, products);
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
  reservations: ReadonlyMap<string, Reservation>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const concerned = new Map<string, Set<string>>();
  for (const { key, message } of inputs) {
    const reservation = reservations.get(key);
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

function createWorkingSet(
  tx: PoolClient,
  healingAfterMs: number,
  reservations: Map<string, Reservation>,
  concerned: ReadonlyMap<string, ReadonlySet<string>>,
  loaded: readonly Product[],
): WorkingSet<ReservationState, ReservationMessage> {
  const products = new Map(loaded.map((product) => [product.productId, product]));
  const dirtyReservations = new Map<string, string | undefined>();
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
    get: (key) => ({ reservation: reservations.get(key), stock: stockOf(key) }),
    put: ({ key, cause }, { reservation, stock }, changed) => {
      if (!changed || !reservation) return;
      if (!dirtyReservations.has(key)) dirtyReservations.set(key, cause.traceparent);
      reservations.set(key, reservation);
      for (const [id, product] of stock) {
        if (products.get(id) === product) continue;
        products.set(id, product);
        dirtyProducts.add(id);
      }
    },
    save: () => {
      if (dirtyReservations.size === 0) return [];
      const rows = [...dirtyReservations].map(([key, traceparent]) => toRow(reservations.get(key), traceparent));
      const levels = [...dirtyProducts].map((id) => toLevel(products.get(id)));
      return [tx.query({ ...SAVE, values: [JSON.stringify(rows), JSON.stringify(levels), healingAfterMs] })];
    },
  };
}

const toRow = (reservation: Reservation | undefined, traceparent: string | undefined) =>
  reservation && {
    order_id: reservation.orderId,
    customer_id: reservation.customerId,
    status: reservation.status,
    reason: reservation.reason,
    items: reservation.items,
    nudges: reservation.nudges,
    traceparent,
    ...('linesAtFault' in reservation ? { lines_at_fault: reservation.linesAtFault } : {}),
    ...('totalMinor' in reservation
      ? {
          total_minor: reservation.totalMinor,
          currency: reservation.currency,
          payment_method: reservation.paymentMethod,
        }
      : {}),
  };

const toLevel = (product: Product | undefined) =>
  product && {
    product_id: product.productId,
    available: product.available,
    reserved: product.reserved,
    committed: product.committed,
  };

/** Reservations whose next nudge has passed, the longest overdue first. */
export async function overdueReservations(pool: Pool, limit: number): Promise<readonly Input<ReservationCommand>[]> {
  const { rows } = await pool.query<{ key: string; traceparent: string | null }>({ ...OVERDUE, values: [limit] });
  return rows.map(({ key, traceparent }) => ({
    key,
    message: { type: 'ReservationOverdue' },
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** What waits beyond its time: it was nudged in vain, or the sweeper has not come for it. */
const COUNT_OVERDUE = {
  name: 'reservation-count-overdue',
  text: `SELECT status AS status, count(*)::int AS count FROM reservation
    WHERE due_at IS NOT NULL AND (nudges > 0 OR due_at <= now() - make_interval(secs => $1 / 1000.0)) GROUP BY 1`,
};

/** Reservations that wait for their payment beyond their time, by status. Walks the index of what is due: the RESERVED ones. */
export async function countOverdueReservations(pool: Pool): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>({ ...COUNT_OVERDUE, values: [SWEPT_WITHIN_MS] });
  return rows;
}
