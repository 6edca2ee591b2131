/** The tables of inventory-service and the statements of its store (inventory-service/src/adapters/database/reservation-store.ts). */
import { catalogue } from '@quadrille/inventory-service/src/catalogue';
import { sqlError, type Statements } from './statement';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import { growing, list, number, records, rowsOf, toColumn, written } from './values';

interface ReservationRecord {
  readonly order_id: string;
  readonly customer_id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly lines_at_fault?: readonly object[];
  readonly total_minor?: number;
  readonly currency?: string;
  readonly payment_method?: string;
  readonly traceparent?: string;
  readonly nudges: number;
}

/** A row of `reservation`; times in milliseconds. */
export interface ReservationRow extends ReservationRecord {
  readonly updated_at: number;
  readonly due_at: number | null;
}

/** A row of `product`, and the sum of its adjustments. */
export interface ProductRow {
  readonly product_id: string;
  readonly price_minor: number | null;
  readonly currency: string;
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
  readonly adjusted: number;
}

/** The tables of inventory-service. */
export interface InventoryTables {
  readonly product: Table<ProductRow>;
  readonly reservation: Table<ReservationRow>;
  readonly reservationDue: DueIndex<ReservationRow>;
}

/** Creates them, with the catalogue that a fresh shop starts with, but no more than `rare` units of some products. */
export function createInventoryTables(rare: number): InventoryTables {
  const product = createTable<ProductRow>('product');
  for (const { productId, priceMinor, stock: usual } of catalogue) {
    const stock = usual < RARE_BELOW ? Math.min(usual, rare) : usual;
    product.rows.set(productId, {
      product_id: productId,
      price_minor: priceMinor,
      currency: 'USD',
      available: stock,
      reserved: 0,
      committed: 0,
      adjusted: stock,
    });
  }
  const reservation = createTable<ReservationRow>('reservation');
  return { product, reservation, reservationDue: indexByDue(reservation, ({ due_at }) => due_at) };
}

/** Products of which a fresh shop has fewer than this are made rare, so that they sell out in a short run too. */
const RARE_BELOW = 500;

const NUDGE_PAUSE_MAX_MS = 600_000;

interface Level {
  readonly product_id: string;
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
}

function upserted(stored: ReservationRow | undefined, record: ReservationRecord, nowMs: number, nudgeMs: number) {
  const now = toColumn(nowMs);
  const due_at =
    record.status === 'RESERVED' ? toColumn(nowMs + growing(nudgeMs, record.nudges, NUDGE_PAUSE_MAX_MS)) : null;
  if (!stored) return { ...record, updated_at: now, due_at };
  const { status, reason, nudges } = record;
  return { ...stored, status, reason, nudges, due_at, updated_at: stored.status === status ? stored.updated_at : now };
}

const loaded = (row: ReservationRow, nowMs: number, healingMs: number) => ({
  orderId: row.order_id,
  customerId: row.customer_id,
  status: row.status,
  reason: row.reason,
  items: row.items,
  linesAtFault: row.lines_at_fault ?? null,
  totalMinor: row.total_minor ?? null,
  currency: row.currency ?? null,
  paymentMethod: row.payment_method ?? null,
  nudges: row.nudges,
  nudgeDue: row.due_at !== null && row.due_at <= nowMs,
  stale: row.updated_at <= nowMs - healingMs,
});

const productLock = (id: string) => `product ${id}`;

/** The statements of the store. */
export function inventoryStatements({ product, reservation, reservationDue }: InventoryTables): Statements {
  return {
    'reservations-load': {
      run: (values, tx) => {
        const rows: object[] = [];
        for (const id of new Set(list(values, 0))) {
          const row = tx.get(reservation, id);
          if (row) rows.push(loaded(row, tx.nowMs, number(values, 1)));
        }
        return rowsOf(rows);
      },
    },
    'stock-lock': {
      locks: (values) => [...list(values, 0)].sort().map(productLock),
      run: (values, tx) => {
        const rows: object[] = [];
        for (const id of [...new Set(list(values, 0))].sort()) {
          const row = tx.get(product, id);
          if (!row) continue;
          rows.push({
            productId: id,
            priceMinor: row.price_minor,
            currency: row.currency,
            available: row.available,
            reserved: row.reserved,
            committed: row.committed,
          });
        }
        return rowsOf(rows);
      },
    },
    'reservations-save': {
      locks: (values) => [
        ...(records(values, 1) as readonly Level[]).map(({ product_id }) => productLock(product_id)),
        ...(records(values, 0) as readonly ReservationRecord[]).map(({ order_id }) => `reservation ${order_id}`),
      ],
      run: (values, tx) => {
        for (const { product_id: id, available, reserved, committed } of records(values, 1) as readonly Level[]) {
          const row = tx.get(product, id);
          if (!row) continue;
          if (available < 0 || reserved < 0 || committed < 0)
            throw sqlError('23514', 'new row for relation "product" violates check constraint "product_stock_check"');
          tx.put(product, id, { ...row, available, reserved, committed });
        }
        const rows = records(values, 0) as readonly ReservationRecord[];
        for (const record of rows) {
          const { order_id: id } = record;
          tx.put(reservation, id, upserted(tx.get(reservation, id), record, tx.nowMs, number(values, 2)));
        }
        return written(rows.length);
      },
    },
    'reservations-overdue': {
      run: (values, tx) =>
        rowsOf(
          reservationDue
            .due(tx.nowMs, number(values, 0))
            .map(({ order_id, traceparent }) => ({ key: order_id, traceparent: traceparent ?? null })),
        ),
    },
  };
}
