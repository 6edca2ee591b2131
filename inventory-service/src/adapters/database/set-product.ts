/** An operator's hand in the stock: sets what is available, and writes the difference into the ledger. */
import { inTransaction, type Pool } from '@quadrille/service-chassis';
import type { StockLevels } from '../../domain/reservation';

/** What an operator sets; what is left out stays, or gets its default when the product is new. */
export interface ProductChange {
  readonly productId: string;
  /** Units. */
  readonly available: number;
  readonly priceMinor?: number | undefined;
  readonly name?: string | undefined;
  readonly category?: string | undefined;
}

/** The category of a product that was created without one. */
const CATEGORY_DEFAULT = 'other';

const CREATE = `INSERT INTO product (product_id, name, category, currency, available) VALUES ($1, $1, $2, $3, 0)
  ON CONFLICT (product_id) DO NOTHING`;
const LOCK = 'SELECT available::float8 AS available FROM product WHERE product_id = $1 FOR UPDATE';
const SET = `UPDATE product SET available = $2, price_minor = coalesce($3, price_minor), name = coalesce($4, name),
  category = coalesce($5, category) WHERE product_id = $1
  RETURNING available::float8 AS available, reserved::float8 AS reserved, committed::float8 AS committed`;
const RECORD = 'INSERT INTO stock_adjustment (product_id, delta, reason) VALUES ($1, $2, $3)';

/** Creates or sets a product, in one transaction with the adjustment. Reserved and committed units are not touched. */
export function setProduct(
  pool: Pool,
  currency: string,
  change: ProductChange,
): Promise<{ readonly created: boolean; readonly levels: StockLevels }> {
  const { productId, available, priceMinor = null, name = null, category = null } = change;
  return inTransaction(pool, async (tx) => {
    const { rowCount: createdRows } = await tx.query(CREATE, [productId, CATEGORY_DEFAULT, currency]);
    const locked = await tx.query<{ available: number }>(LOCK, [productId]);
    const before = locked.rows[0]?.available ?? 0;
    const { rows } = await tx.query<StockLevels>(SET, [productId, available, priceMinor, name, category]);
    const [levels] = rows;
    if (!levels) throw new Error(`product ${productId} vanished while it was locked`);
    if (available !== before) await tx.query(RECORD, [productId, available - before, 'operator']);
    return { created: createdRows === 1, levels };
  });
}
