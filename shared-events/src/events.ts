/**
 * The twelve events of the saga. This table is the only place where an event's name, publisher, version and data are
 * written: the types, the parser, the JSON Schemas and the broker's topology are derived from it.
 *
 * Within a version, data may only gain optional fields; readers ignore what they do not know. Anything else is a new
 * version, and readers refuse versions they do not know.
 */
import { z } from 'zod';
import {
  attemptSchema,
  attemptsSchema,
  currencySchema,
  idSchema,
  ORDER_LINES_MAX,
  paymentMethodSchema,
  quantitySchema,
  totalMinorSchema,
  unitPriceMinorSchema,
} from './values';

const order = { orderId: idSchema, customerId: idSchema };

const requestedLine = z.object({
  productId: idSchema,
  quantity: quantitySchema,
  unitPriceMinor: unitPriceMinorSchema.nullable(),
});
const pricedLine = z.object({ productId: idSchema, quantity: quantitySchema, unitPriceMinor: unitPriceMinorSchema });
const lineAtFault = z.object({
  productId: idSchema,
  quantity: quantitySchema,
  quantityAvailable: z.int().min(0).nullable().meta({ description: 'null when nobody knows the product' }),
  unitPriceMinor: unitPriceMinorSchema
    .nullable()
    .meta({ description: 'the price that holds; null when there is none' }),
});
const lines = <Line extends z.ZodType>(line: Line) => z.array(line).min(1).max(ORDER_LINES_MAX);

/** Why an order was cancelled. */
export const cancellationReasons = ['CUSTOMER_REQUEST', 'DEADLINE_EXCEEDED', 'REFUNDED'] as const;
/** Why stock could not be reserved, in their order of precedence. */
export const unavailabilityReasons = ['UNKNOWN_PRODUCT', 'PRICE_MISMATCH', 'OUT_OF_STOCK'] as const;
/** Why an attempt to charge failed: the gateway certainly did not process it, or its response did not arrive. */
export const attemptFailureReasons = ['NOT_PROCESSED', 'NO_ANSWER'] as const;
/** Why a payment failed for good. */
export const paymentFailureReasons = ['DECLINED', 'GATEWAY_UNAVAILABLE'] as const;

const define = <Publisher extends string, Data extends z.ZodType>(publisher: Publisher, says: string, data: Data) => ({
  publisher,
  says,
  version: 1,
  data,
});

/** Every event: who publishes it, what it says in a sentence, its current version, and the schema of its data. */
export const events = {
  OrderCreated: define(
    'order-service',
    'A customer has placed an order.',
    z.object({ ...order, items: lines(requestedLine), currency: currencySchema, paymentMethod: paymentMethodSchema }),
  ),
  OrderConfirmed: define(
    'order-service',
    'The order is paid for: what was reserved is sold.',
    z.object({ ...order, totalMinor: totalMinorSchema, currency: currencySchema }),
  ),
  OrderCompleted: define('order-service', 'The goods were handed over.', z.object(order)),
  OrderCancelled: define(
    'order-service',
    'The order is off: everybody undoes their part.',
    z.object({ ...order, reason: z.enum(cancellationReasons) }),
  ),
  InventoryReserved: define(
    'inventory-service',
    'Every line of the order is held for it, at these prices: the money may be taken.',
    z.object({
      ...order,
      items: lines(pricedLine),
      totalMinor: totalMinorSchema,
      currency: currencySchema,
      paymentMethod: paymentMethodSchema,
    }),
  ),
  InventoryUnavailable: define(
    'inventory-service',
    'Some line cannot be had, so nothing is held.',
    z.object({ ...order, reason: z.enum(unavailabilityReasons), lines: lines(lineAtFault) }),
  ),
  InventoryReleased: define(
    'inventory-service',
    'What was held for the order, if anything, is on sale again.',
    z.object({
      ...order,
      items: z.array(pricedLine).max(ORDER_LINES_MAX),
      reason: z
        .enum([...cancellationReasons, ...paymentFailureReasons])
        .optional()
        .meta({ description: 'why the stock is back: the order was cancelled, or its payment failed' }),
    }),
  ),
  PaymentProcessed: define(
    'payment-service',
    'The bank has taken the money.',
    z.object({
      ...order,
      paymentId: idSchema,
      totalMinor: totalMinorSchema,
      currency: currencySchema,
      attempts: attemptsSchema,
    }),
  ),
  PaymentAttemptFailed: define(
    'payment-service',
    'An attempt to charge brought nothing, and another follows.',
    z.object({
      ...order,
      attempt: attemptSchema,
      reason: z.enum(attemptFailureReasons),
      retryInMs: z.int().min(0),
    }),
  ),
  PaymentFailed: define(
    'payment-service',
    'No money can be had, and none was taken.',
    z.object({ ...order, attempts: attemptsSchema, reason: z.enum(paymentFailureReasons) }),
  ),
  PaymentVoided: define(
    'payment-service',
    'The order was called off before any money was taken, and none will be.',
    z.object(order),
  ),
  PaymentRefunded: define(
    'payment-service',
    'The bank has given the money back.',
    z.object({ ...order, paymentId: idSchema, totalMinor: totalMinorSchema, currency: currencySchema }),
  ),
} as const;

/** The name of an event; also its routing key and its AMQP type. */
export type EventType = keyof typeof events;

/** The data of one kind of event. */
export type EventData<Type extends EventType> = z.infer<(typeof events)[Type]['data']>;

/** What a decision publishes: an event before the chassis adds its id, time and trace. */
export type NewEvent<Type extends EventType = EventType> = {
  [T in Type]: { readonly type: T; readonly data: EventData<T> };
}[Type];

/** All event names, in the order of the table. */
// Object.keys is typed string[]; the table's keys are exactly the event names.
export const eventTypes = Object.keys(events) as readonly EventType[];

/** Whether a string names an event of the table. */
export const isEventType = (name: string): name is EventType => Object.hasOwn(events, name);

/** The service that publishes an event. */
export const publisherOf = (type: EventType): (typeof events)[EventType]['publisher'] => events[type].publisher;

/** The topic exchange that a publishing service publishes on, such as `order.events`. */
export const exchangeOf = (type: EventType): string => eventsExchange(publisherOf(type));

/** The topic exchange of a service by its name: `order-service` publishes on `order.events`. */
export const eventsExchange = (service: string): string => `${service.replace(/-service$/, '')}.events`;
