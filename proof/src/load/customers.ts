/** Customers who place orders over a fixed number of connections that stay open. */
import { Agent, request } from 'node:http';
import { z } from 'zod';

/** A request that takes longer has failed. */
const REQUEST_TIMEOUT_MS = 30_000;

const placedSchema = z.object({ order_id: z.string(), status: z.string() });

/** An order that was placed. */
export type Placed = z.infer<typeof placedSchema>;

/** A number of open connections to order-service. */
export interface Customers {
  /**
   * Places a `tok_success` order of one unit; with `waitSeconds` it is answered when the order is no longer PENDING.
   */
  readonly place: (productId: string, waitSeconds?: number) => Promise<Placed>;
  readonly close: () => void;
}

/** Opens up to `connections` connections, each when it is first needed. */
export function openCustomers(orderUrl: string, connections: number): Customers {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const place = (productId: string, waitSeconds?: number) =>
    new Promise<Placed>((resolve, reject) => {
      const body = JSON.stringify({
        customer_id: 'load',
        items: [{ product_id: productId, quantity: 1 }],
        payment_method: 'tok_success',
      });
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(waitSeconds === undefined ? {} : { prefer: `wait=${String(waitSeconds)}` }),
      };
      const sent = request(
        `${orderUrl}/orders`,
        { method: 'POST', agent, headers, timeout: REQUEST_TIMEOUT_MS },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (answer.statusCode === 201 || answer.statusCode === 202) resolve(placedSchema.parse(JSON.parse(text)));
            else reject(new Error(`POST /orders: ${String(answer.statusCode)} ${text}`));
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('POST /orders: no answer in time')));
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    place,
    close: () => {
      agent.destroy();
    },
  };
}
