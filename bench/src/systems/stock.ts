/** Stocks both systems: with more than any run buys, unless a scenario is about selling out. */
import { Pool } from 'pg';
import { BIG_PRODUCTS, FLASH, PRODUCTS, SOLD_OUT } from '../customers/orders';
import type { Subject } from './subject';

/** Units of a product that never sells out. */
const PLENTY = 1_000_000_000;

/** Level and ledger in one statement, as inventory-service adjusts them. */
const STOCK = `WITH wanted AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS row (product_id, available)),
  stocked AS (
    INSERT INTO product AS stored (product_id, name, category, price_minor, currency, available)
    SELECT product_id, product_id, 'bench', 1000, 'USD', available FROM wanted ORDER BY product_id
    ON CONFLICT (product_id) DO UPDATE SET available = EXCLUDED.available
    RETURNING product_id, available),
  before AS (SELECT product_id, sum(delta) AS adjusted FROM stock_adjustment GROUP BY product_id)
  INSERT INTO stock_adjustment (product_id, delta, reason)
  SELECT stocked.product_id, stocked.available + coalesce(product.reserved + product.committed, 0) - coalesce(adjusted, 0), 'bench'
  FROM stocked LEFT JOIN product USING (product_id) LEFT JOIN before USING (product_id)`;

/** Sets the stock of these products. No orders may be placed meanwhile. */
export async function setStock({ addresses }: Subject, levels: ReadonlyMap<string, number>): Promise<void> {
  const pool = new Pool({ connectionString: addresses.databases.inventory, max: 1 });
  try {
    await pool.query(STOCK, [[...levels.keys()], [...levels.values()]]);
  } finally {
    await pool.end();
  }
}

/** Stocks the products of all scenarios, except for FLASH, which its own scenario stocks. */
export async function stockAll(subject: Subject): Promise<void> {
  const plenty = [...PRODUCTS, ...BIG_PRODUCTS].map((productId) => [productId, PLENTY] as const);
  await setStock(subject, new Map([...plenty, [SOLD_OUT, 0], [FLASH, 0]]));
}
