/** Whether an order's lines can be had, and at what price: all of them, or the lines at fault. */
import { unavailabilityReasons, type EventData } from '@quadrille/shared-events';
import type { LineAtFault, PricedLine, Product, RequestedLine, Stock, UnavailabilityReason } from './reservation';

/** What can be had, or why not. */
export type Assessment =
  | { readonly ok: true; readonly items: readonly PricedLine[]; readonly totalMinor: number }
  | { readonly ok: false; readonly reason: UnavailabilityReason; readonly linesAtFault: readonly LineAtFault[] };

/**
 * The price that holds, in minor units. Where the catalogue has one it is the one charged, and an order that names
 * another is refused; where it has none, the order's holds. Undefined when they disagree or nobody named one.
 */
function priceOf(product: Product, line: RequestedLine, currency: string): number | undefined {
  const { priceMinor } = product;
  const { unitPriceMinor } = line;
  // order-service refuses other currencies; a price in another one would be another price.
  if (product.currency !== currency) return undefined;
  if (priceMinor !== null && unitPriceMinor !== null && priceMinor !== unitPriceMinor) return undefined;
  return priceMinor ?? unitPriceMinor ?? undefined;
}

interface AssessedLine {
  readonly line: RequestedLine;
  readonly product: Product | undefined;
  readonly priceMinor: number | undefined;
  readonly fault: UnavailabilityReason | undefined;
}

const faultOf = (product: Product | undefined, priceMinor: number | undefined, wanted: number) => {
  if (!product) return 'UNKNOWN_PRODUCT';
  if (priceMinor === undefined) return 'PRICE_MISMATCH';
  return product.available < wanted ? 'OUT_OF_STOCK' : undefined;
};

function assessLine(line: RequestedLine, order: EventData<'OrderCreated'>, stock: Stock): AssessedLine {
  const product = stock.get(line.productId);
  const priceMinor = product && priceOf(product, line, order.currency);
  // A product in two lines needs the units of both.
  const wanted = order.items.reduce(
    (sum, { productId, quantity }) => (productId === line.productId ? sum + quantity : sum),
    0,
  );
  return { line, product, priceMinor, fault: faultOf(product, priceMinor, wanted) };
}

const toLineAtFault = ({ line, product }: AssessedLine): LineAtFault => ({
  productId: line.productId,
  quantity: line.quantity,
  quantityAvailable: product?.available ?? null,
  unitPriceMinor: product?.priceMinor ?? null,
});

/**
 * Assesses an order against the stock. When several kinds of fault meet, the first of UNKNOWN_PRODUCT, PRICE_MISMATCH
 * and OUT_OF_STOCK is named.
 */
export function assess(order: EventData<'OrderCreated'>, stock: Stock): Assessment {
  const lines = order.items.map((line) => assessLine(line, order, stock));
  for (const reason of unavailabilityReasons) {
    const linesAtFault = lines.filter(({ fault }) => fault === reason).map(toLineAtFault);
    if (linesAtFault.length > 0) return { ok: false, reason, linesAtFault };
  }
  const items = lines.map(({ line: { productId, quantity }, priceMinor = 0 }) => ({
    productId,
    quantity,
    unitPriceMinor: priceMinor,
  }));
  const totalMinor = items.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0);
  return { ok: true, items, totalMinor };
}
