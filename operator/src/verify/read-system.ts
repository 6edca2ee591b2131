/** Reads the facts that are not about a single order: stock, outboxes, idempotency keys, queues. */
import { connect, type ChannelModel } from 'amqplib';
import type { Pool } from 'pg';
import { z } from 'zod';
import { connectManagement, type ManagementAccess } from '../topology/management';
import { virtualHostOf } from '../servers/own-servers';
import { topology } from '../services';
import type { KeyFacts, OutboxFacts, QueueFacts, StockFacts } from './facts';

/** How many offenders of one kind are read: more would not tell more. */
const OFFENDERS_MAX = 1_000;

/** A broker that does not respond within this, in milliseconds, is not reachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/** One statement, so that levels, reservations and adjustments are from the same moment. */
const STOCK = `WITH held AS (
    SELECT line ->> 'productId' AS product_id,
      sum((line ->> 'quantity')::bigint) FILTER (WHERE status = 'RESERVED') AS reserved,
      sum((line ->> 'quantity')::bigint) FILTER (WHERE status = 'COMMITTED') AS committed
    FROM reservation, jsonb_array_elements(items) AS line WHERE status IN ('RESERVED', 'COMMITTED') GROUP BY 1),
  ledger AS (SELECT product_id, sum(delta) AS adjusted FROM stock_adjustment GROUP BY 1)
  SELECT coalesce(product.product_id, held.product_id) AS "productId", coalesce(available, 0)::float8 AS available,
    coalesce(product.reserved, 0)::float8 AS reserved, coalesce(product.committed, 0)::float8 AS committed,
    coalesce(held.reserved, 0)::float8 AS "reservedByOrders", coalesce(held.committed, 0)::float8 AS "committedByOrders",
    coalesce(adjusted, 0)::float8 AS adjusted
  FROM product FULL JOIN held USING (product_id) LEFT JOIN ledger ON ledger.product_id = coalesce(product.product_id, held.product_id)`;

const OUTBOX = `SELECT count(*)::int AS waiting, coalesce(round(extract(epoch FROM now() - min(created_at))), 0)::int AS "oldestSeconds",
    coalesce(max(attempts), 0)::int AS attempts FROM outbox WHERE created_at < now() - make_interval(secs => $1 / 1000.0)`;

const KEYS = `SELECT count(*)::int AS keys FROM orders WHERE idempotency_key IS NOT NULL`;

/** Counts in the index; only the rows of repeated keys are read. */
const REPEATED_KEYS = `SELECT idempotency_key AS key, array_agg(order_id ORDER BY order_id) AS "orderIds" FROM orders
  WHERE idempotency_key IN (SELECT idempotency_key FROM orders WHERE idempotency_key IS NOT NULL
    GROUP BY idempotency_key HAVING count(*) > 1 LIMIT $1) GROUP BY idempotency_key`;

/** Reads the stock of every product, and of products that do not exist but are in reservations. */
export async function readStock(inventory: Pool): Promise<StockFacts[]> {
  const { rows } = await inventory.query<StockFacts>(STOCK);
  return rows;
}

/** Reads what is older than `olderThanMs` in a service's outbox. */
export async function readOutbox(service: string, database: Pool, olderThanMs: number): Promise<OutboxFacts> {
  const { rows } = await database.query<Omit<OutboxFacts, 'service'>>(OUTBOX, [olderThanMs]);
  return { service, ...(rows[0] ?? { waiting: 0, oldestSeconds: 0, attempts: 0 }) };
}

/** Counts the idempotency keys that were used. */
export async function countKeys(order: Pool): Promise<number> {
  const { rows } = await order.query<{ keys: number }>(KEYS);
  return rows[0]?.keys ?? 0;
}

/** Reads the idempotency keys of more than one order. */
export async function readRepeatedKeys(order: Pool): Promise<KeyFacts[]> {
  const { rows } = await order.query<KeyFacts>(REPEATED_KEYS, [OFFENDERS_MAX]);
  return rows;
}

/** Reads the queues of the topology. */
export interface QueueReader {
  read(): Promise<QueueFacts[]>;
  close(): Promise<void>;
}

const Queues = z.array(z.object({ name: z.string(), messages_unacknowledged: z.number().default(0) }));

/**
 * Opens a reader of the queues. The number of ready messages comes from AMQP, which knows it at once; the management
 * API is up to 5 s late. Only the management API knows the unacknowledged ones, which count as 0 without it.
 */
export async function openQueueReader(amqpUrl: string, management: ManagementAccess | null): Promise<QueueReader> {
  const connection: ChannelModel = await connect(amqpUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the call that it broke fails as well
  const host = encodeURIComponent(virtualHostOf(amqpUrl));
  const readUnacknowledged = async (): Promise<ReadonlyMap<string, number>> => {
    if (!management) return new Map();
    const path = `queues/${host}?columns=name,messages_unacknowledged`;
    const queues = Queues.parse(await connectManagement(management).request('GET', path));
    return new Map(queues.map((queue) => [queue.name, queue.messages_unacknowledged]));
  };
  return {
    read: async () => {
      const unacknowledged = await readUnacknowledged();
      const channel = await connection.createChannel();
      channel.on('error', () => undefined); // the check below fails as well and names the queue
      const facts: QueueFacts[] = [];
      for (const { name } of topology.queues) {
        const { messageCount } = await channel.checkQueue(name);
        facts.push({ name, ready: messageCount, unacknowledged: unacknowledged.get(name) ?? 0 });
      }
      await channel.close();
      return facts;
    },
    close: () => connection.close().catch(() => undefined),
  };
}
