/** What inventory-service takes and gives over HTTP. */
import { lineSchema, moneySchema, toDecimal } from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import { z } from 'zod';
import type { Product, Reservation } from '../../../generated/prisma/client';
import type { RequestedLine, StockLevels } from '../../domain/reservation';

/** Most units that can be set available: a shop's, not a central bank's. */
const AVAILABLE_MAX = 1_000_000_000;

/** Longest name of a product, in characters: one line on a page. */
const NAME_MAX_LENGTH = 200;

/**
 * The id of a product in a path. `random` is none: GET /products/random answers some product, so that one could not be
 * asked for.
 */
export const productIdSchema = idSchema.regex(
  /^(?!random$)/,
  'must not be random: GET /products/random is any product',
);

/** A product's category, also in the query of a list. */
export const categorySchema = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 characters of a-z 0-9 -')
  .meta({ example: 'coffee' });

/** The body of PUT /inventory/:product_id; its output has the price in minor units. */
export const setProductSchema = z.strictObject({
  quantity_available: z.int().min(0).max(AVAILABLE_MAX),
  price: moneySchema.optional(),
  name: lineSchema(NAME_MAX_LENGTH).optional(),
  category: categorySchema.optional(),
});

/** A product of the catalogue. */
export const productSchema = z
  .object({
    product_id: z.string(),
    name: z.string(),
    category: z.string(),
    price: z.string().nullable().meta({ description: "null: the order's price holds", example: '20.00' }),
    currency: z.string(),
    quantity_available: z.int(),
  })
  .meta({ id: 'Product' });

/** A product's stock. */
export const inventorySchema = z
  .object({
    product_id: z.string(),
    quantity_available: z.int(),
    quantity_reserved: z.int(),
    quantity_committed: z.int(),
  })
  .meta({ id: 'Inventory' });

/** What became of an order's stock. */
export const reservationSchema = z
  .object({
    order_id: z.string(),
    status: z.enum(['RESERVED', 'COMMITTED', 'RELEASED', 'UNAVAILABLE', 'TOMBSTONE']),
    reason: z.string().nullable(),
    items: z.array(z.object({ product_id: z.string(), quantity: z.int(), price: z.string().nullable() })),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Reservation' });

/** A stored product as the catalogue shows it. */
export const toProductView = (product: Product): z.infer<typeof productSchema> => ({
  product_id: product.productId,
  name: product.name,
  category: product.category,
  price: product.priceMinor === null ? null : toDecimal(Number(product.priceMinor)),
  currency: product.currency,
  quantity_available: Number(product.available),
});

/** Stock as it is shown; a bigint of the database is a safe integer by the bounds of what can be set and ordered. */
export const toInventoryView = (
  productId: string,
  levels: { readonly [Part in keyof StockLevels]: number | bigint },
): z.infer<typeof inventorySchema> => ({
  product_id: productId,
  quantity_available: Number(levels.available),
  quantity_reserved: Number(levels.reserved),
  quantity_committed: Number(levels.committed),
});

/** A stored reservation as it is shown. */
export function toReservationView(reservation: Reservation): z.infer<typeof reservationSchema> {
  // The store alone writes this column, from lines of exactly this type.
  const items = reservation.items as unknown as readonly RequestedLine[];
  return {
    order_id: reservation.orderId,
    status: reservation.status,
    reason: reservation.reason,
    items: items.map(({ productId, quantity, unitPriceMinor }) => ({
      product_id: productId,
      quantity,
      price: unitPriceMinor === null ? null : toDecimal(unitPriceMinor),
    })),
    created_at: reservation.createdAt.toISOString(),
    updated_at: reservation.updatedAt.toISOString(),
  };
}
