/**
 * The HTTP interface of order-service in a test system: requests as they are sent, and responses with all of their
 * parts.
 */
import type { Order } from '@quadrille/operator/src/demo/client';
import type { TestSystem } from '@quadrille/test-kit/src/system';

/** The body of an order of one piece of one product. */
export const order = (customer: string, method = 'tok_success', product = 'acorn-sticker') => ({
  customer_id: customer,
  items: [{ product_id: product, quantity: 1 }],
  payment_method: method,
});

/** A response; a test reads the fields that it expects, of an order or of a problem. */
export interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Order & { detail: string; errors: { field: string }[] };
}

/** Sends requests to order-service. */
export interface OrderClient {
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The orders of a customer, at most 100. */
  listOf(customer: string): Promise<Order[]>;
  place(...args: Parameters<typeof order>): Promise<Order>;
  /** Places an order; resolves when it is settled, and rejects after 30 seconds. */
  settled(...args: Parameters<typeof order>): Promise<Order>;
}

/** Creates a client of a test system. */
export function createOrderClient(system: TestSystem): OrderClient {
  const send: OrderClient['send'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${system.urls.order}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // Tests read what they expect to be there; anything else fails them.
    const json = (text === '' ? {} : JSON.parse(text)) as Response['json'];
    return { status: response.status, headers: response.headers, json };
  };
  const place: OrderClient['place'] = (...args) => system.shop.place(order(...args));
  return {
    send,
    listOf: async (customer) => {
      const { json } = await send('GET', `/orders/customer/${customer}?limit=100`);
      return (json as unknown as { items: Order[] }).items; // this path returns a list
    },
    place,
    settled: async (...args) => system.shop.settled((await place(...args)).order_id, AbortSignal.timeout(30_000)),
  };
}
