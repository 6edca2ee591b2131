/** A client of a running system that sees what a customer sees: HTTP and nothing else. */
import { z } from 'zod';

/** A request is aborted after this time. The caller's signal bounds waits that consist of several requests. */
const REQUEST_TIMEOUT_MS = 40_000;

const orderSchema = z.object({
  order_id: z.string(),
  customer_id: z.string(),
  status: z.enum(['PENDING', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'REJECTED', 'FAILED', 'REFUNDED']),
  reason: z.string().nullable(),
  items: z.array(z.object({ product_id: z.string(), quantity: z.number(), price: z.string().nullable() })),
  total: z.string().nullable(),
  currency: z.string(),
  settled: z.boolean(),
  attempts: z.number(),
  timeline: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      direction: z.enum(['heard', 'published']),
      time: z.string(),
      causation_id: z.string().nullable(),
    }),
  ),
  created_at: z.string(),
  updated_at: z.string(),
});
const paymentSchema = z.object({
  payment_id: z.string(),
  order_id: z.string(),
  status: z.string(),
  amount: z.string().nullable(),
  attempts: z.number(),
  reason: z.string().nullable(),
});
const productsSchema = z.object({
  items: z.array(
    z.object({
      product_id: z.string(),
      name: z.string(),
      price: z.string().nullable(),
      quantity_available: z.number(),
    }),
  ),
  next_cursor: z.string().nullable(),
});
const problemSchema = z.object({ title: z.string(), detail: z.string().optional() });

/** An order as order-service shows it. */
export type Order = z.infer<typeof orderSchema>;
/** A payment as payment-service shows it. */
export type Payment = z.infer<typeof paymentSchema>;
/** A product as inventory-service shows it. */
export type Product = z.infer<typeof productsSchema>['items'][number];

/** The body of a request for a new order. */
export interface OrderRequest {
  readonly customer_id: string;
  readonly items: readonly { readonly product_id: string; readonly quantity: number; readonly price?: string }[];
  readonly payment_method?: string;
}

/** One event of an order's stream, and the order as it was then. */
export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly order: Order;
}

/** Where the services are. */
export interface ShopAddresses {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
}

/** A response other than 2xx. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The requests of a customer, and an operator's refund. Every method rejects with RefusedError for a response other
 * than 2xx.
 */
export interface Shop {
  readonly place: (request: OrderRequest, headers?: Readonly<Record<string, string>>) => Promise<Order>;
  readonly order: (orderId: string) => Promise<Order>;
  readonly cancel: (orderId: string) => Promise<Order>;
  readonly complete: (orderId: string) => Promise<Order>;
  readonly paymentOf: (orderId: string) => Promise<Payment>;
  readonly refund: (paymentId: string) => Promise<Payment>;
  /** Up to 100 products. */
  readonly products: () => Promise<Product[]>;
  /** The events of an order from the first, or after `lastEventId`; ends when the order is settled. */
  readonly stream: (orderId: string, signal?: AbortSignal, lastEventId?: string) => AsyncGenerator<StreamEvent>;
  /** Resolves with the order when it is settled. */
  readonly settled: (orderId: string, signal?: AbortSignal) => Promise<Order>;
}

async function ask<Schema extends z.ZodType>(
  schema: Schema,
  method: string,
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<z.infer<Schema>> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await refuseOthers(response, method, url);
  return schema.parse(await response.json());
}

async function refuseOthers(response: Response, method: string, url: string): Promise<void> {
  if (response.ok) return;
  const text = await response.text();
  const problem = problemSchema.safeParse(parseJson(text));
  const why = problem.success ? (problem.data.detail ?? problem.data.title) : text;
  throw new RefusedError(response.status, `${method} ${url}: ${String(response.status)} ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The frames of a stream of server-sent events, without comments. */
async function* framesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const fields = new Map(frame.split('\n').map((line) => split(line)));
      const data = fields.get('data');
      if (data === undefined) continue;
      const order = orderSchema.parse(JSON.parse(data));
      yield { id: fields.get('id') ?? '', type: fields.get('event') ?? '', order };
    }
  }
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

/** Creates a client for these addresses. It holds nothing that must be closed. */
export function openShop({ order, inventory, payment }: ShopAddresses): Shop {
  const orderUrl = (orderId: string) => `${order}/orders/${orderId}`;
  async function* stream(orderId: string, signal?: AbortSignal, lastEventId?: string) {
    const url = `${orderUrl(orderId)}/stream`;
    const response = await fetch(url, {
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
      ...(signal ? { signal } : {}),
    });
    await refuseOthers(response, 'GET', url);
    if (response.body) yield* framesOf(response.body);
  }
  return {
    place: (request, headers) => ask(orderSchema, 'POST', `${order}/orders`, request, headers),
    order: (orderId) => ask(orderSchema, 'GET', orderUrl(orderId)),
    cancel: (orderId) => ask(orderSchema, 'DELETE', orderUrl(orderId)),
    complete: (orderId) => ask(orderSchema, 'POST', `${orderUrl(orderId)}/complete`),
    paymentOf: (orderId) => ask(paymentSchema, 'GET', `${payment}/payments/order/${orderId}`),
    refund: (paymentId) => ask(paymentSchema, 'POST', `${payment}/payments/${paymentId}/refund`),
    products: async () => (await ask(productsSchema, 'GET', `${inventory}/products?limit=100`)).items,
    stream,
    settled: async (orderId, signal) => {
      for (;;) {
        // A stream also ends when its service stops; then it is opened again.
        for await (const { order: seen } of stream(orderId, signal)) if (seen.settled) break;
        const now = await ask(orderSchema, 'GET', orderUrl(orderId));
        if (now.settled) return now;
        signal?.throwIfAborted();
      }
    },
  };
}
