import type { Product } from './client';
import type { Assortment } from './kinds';

/** Units of one product that the demo may need at most. */
const ENOUGH = 50;

/** Products in an order of several lines. */
const SEVERAL = 4;

/** Most units in a line of an order: a product with fewer in stock can be ordered out of stock. */
const QUANTITY_MAX = 1_000;

/** Chooses products from the catalogue. Fails, naming the remedy, when there are too few. */
export function chooseAssortment(products: readonly Product[]): Assortment {
  const byStock = [...products].sort((a, b) => b.quantity_available - a.quantity_available);
  const stocked = byStock.find(({ price }) => price !== null);
  const others = byStock
    .slice(1)
    .filter(({ price, quantity_available }) => price !== null && quantity_available >= ENOUGH);
  const scarce = byStock.at(-1);
  if (
    !stocked ||
    !scarce ||
    stocked.quantity_available < ENOUGH ||
    others.length === 0 ||
    scarce.quantity_available >= QUANTITY_MAX
  ) {
    throw new Error(
      'The catalogue has too few products in stock for a demo, or none that can be sold out: PUT /inventory/<product> {"quantity_available": 900} on inventory-service.',
    );
  }
  return {
    stocked,
    others: others.slice(0, SEVERAL),
    scarce,
    scarceQuantity: scarce.quantity_available + 1,
  };
}
