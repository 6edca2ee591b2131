/** The tables of inventory-service (inventory-service/src/adapters/database/reservation-statements.ts). */
import type { Level, SentReservation } from '@quadrille/inventory-service/src/adapters/database/reservation-store';
import { catalogue } from '@quadrille/inventory-service/src/catalogue';
import { createStateTable, rowTimes, type StateTable } from './state-table';
import { sqlError, type Statements } from './statement';
import { createTable, type Table } from './tables';
import { list, records, rowsOf } from './values';

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
  readonly reservations: StateTable<SentReservation>;
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
  const reservations = createStateTable<SentReservation>({
    name: 'reservation',
    keyOf: (row) => row.order_id,
    notLoaded: ['traceparent'],
    writtenOnce: ['customer_id', 'items', 'lines_at_fault', 'total_minor', 'currency', 'payment_method', 'traceparent'],
    computes: rowTimes,
  });
  return { product, reservations };
}

/** Products of which a fresh shop has fewer than this are made rare, so that they sell out in a short run too. */
const RARE_BELOW = 500;

const productLock = (id: string) => `product ${id}`;

/** The statements of the store. */
export function inventoryStatements({ product, reservations }: InventoryTables): Statements {
  return {
    'reservations-load': reservations.load,
    'reservations-overdue': reservations.overdue,
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
        ...(reservations.save.locks?.(values) ?? []),
      ],
      run: (values, tx) => {
        for (const { product_id: id, available, reserved, committed } of records(values, 1) as readonly Level[]) {
          const row = tx.get(product, id);
          if (!row) continue;
          if (available < 0 || reserved < 0 || committed < 0)
            throw sqlError('23514', 'new row for relation "product" violates check constraint "product_stock_check"');
          tx.put(product, id, { ...row, available, reserved, committed });
        }
        return reservations.save.run(values, tx);
      },
    },
  };
}
