/** What order-service takes and gives over HTTP. */
import { createHash } from 'node:crypto';
import { moneySchema, toDecimal } from '@quadrille/service-chassis';
import { idSchema, ORDER_LINES_MAX, QUANTITY_MAX, quantitySchema } from '@quadrille/shared-events';
import { z } from 'zod';
import type { Placement } from '../../domain/new-order';
import type { OrderLine } from '../../domain/order';
import type { StoredOrder } from '../database/stored-order';

/** The methods that the simulated gateway knows; a shop with a real gateway lists its own. */
const PAYMENT_METHOD = /^tok_(visa|success|decline|unavailable|timeout|flaky_\d{1,2})$/;

/** The method of an order that names none. */
const PAYMENT_METHOD_DEFAULT = 'tok_visa';

const lineSchema = z.strictObject({ product_id: idSchema, quantity: quantitySchema, price: moneySchema.optional() });

/** The same product in two lines is one line; two prices for it, or more of it than may be ordered, is a mistake. */
function mergeLines(lines: readonly z.output<typeof lineSchema>[], context: z.RefinementCtx): OrderLine[] {
  const merged = new Map<string, OrderLine>();
  lines.forEach(({ product_id, quantity, price }, index) => {
    const before = merged.get(product_id);
    const line = {
      productId: product_id,
      quantity: (before?.quantity ?? 0) + quantity,
      unitPriceMinor: price ?? before?.unitPriceMinor ?? null,
    };
    if (before && price !== undefined && before.unitPriceMinor !== null && before.unitPriceMinor !== price) {
      context.addIssue({
        code: 'custom',
        path: ['items', index, 'price'],
        message: `names a second price for ${product_id}; name one`,
      });
    }
    if (line.quantity > QUANTITY_MAX) {
      context.addIssue({
        code: 'custom',
        path: ['items', index, 'quantity'],
        message: `makes more than ${String(QUANTITY_MAX)} of ${product_id} in one order`,
      });
    }
    merged.set(product_id, line);
  });
  return [...merged.values()];
}

/** The body of POST /orders; its output has one line for each product and prices in minor units. */
export const placeOrderSchema = (currency: string) =>
  z
    .strictObject({
      customer_id: idSchema,
      items: z.array(lineSchema).min(1).max(ORDER_LINES_MAX),
      currency: z.literal(currency, { error: `must be ${currency}, the currency of this shop` }).optional(),
      payment_method: z
        .string()
        .regex(
          PAYMENT_METHOD,
          'must be tok_visa, tok_success, tok_decline, tok_unavailable, tok_timeout or tok_flaky_N (N from 0 to 99)',
        )
        .default(PAYMENT_METHOD_DEFAULT),
    })
    .transform((body, context) => ({
      customerId: body.customer_id,
      items: mergeLines(body.items, context),
      currency,
      paymentMethod: body.payment_method,
    }));

/** A digest of what was asked for: equal for equal requests, however they were written. */
export const hashOf = (placement: Placement): string =>
  createHash('sha256').update(JSON.stringify(placement)).digest('base64url');

const timelineEntrySchema = z.object({
  id: z.string(),
  type: z.string(),
  direction: z.enum(['heard', 'published']),
  time: z.string(),
  causation_id: z.string().nullable(),
});

const summary = {
  order_id: z.string(),
  customer_id: z.string(),
  status: z.enum(['PENDING', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'REJECTED', 'FAILED', 'REFUNDED']),
  reason: z.string().nullable(),
  items: z.array(z.object({ product_id: z.string(), quantity: z.int(), price: z.string().nullable() })),
  total: z.string().nullable(),
  currency: z.string(),
  settled: z.boolean().meta({ description: 'nothing more will happen unless a person wants it' }),
  attempts: z.int().meta({ description: 'payment attempts so far' }),
  created_at: z.string(),
  updated_at: z.string(),
};

/** An order in a list. */
export const orderSummarySchema = z.object(summary);

/** An order with its timeline. */
export const orderSchema = z.object({ ...summary, timeline: z.array(timelineEntrySchema) }).meta({ id: 'Order' });

/** What a list shows of an order. */
export const toSummary = (order: StoredOrder): z.infer<typeof orderSummarySchema> => ({
  order_id: order.orderId,
  customer_id: order.customerId,
  status: order.status,
  reason: order.reason,
  items: order.items.map(({ productId, quantity, unitPriceMinor }) => ({
    product_id: productId,
    quantity,
    price: unitPriceMinor === null ? null : toDecimal(unitPriceMinor),
  })),
  total: order.totalMinor === null ? null : toDecimal(order.totalMinor),
  currency: order.currency,
  settled: order.settled,
  attempts: order.attempts,
  created_at: order.createdAt.toISOString(),
  updated_at: order.updatedAt.toISOString(),
});

/** What a single order shows of itself. */
export const toView = (order: StoredOrder): z.infer<typeof orderSchema> => ({
  ...toSummary(order),
  timeline: [...order.timeline],
});
