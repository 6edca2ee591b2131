/** Finds out when the last order was settled, with one cheap query ten times a second. */
import { setTimeout as pause } from 'node:timers/promises';
import { openQueueReader } from '@quadrille/operator/src/verify/read-system';
import { Client } from 'pg';
import { createLatencies, record, summarize } from '../customers/latency';
import type { JobResult, Latency } from '../customers/job';
import type { Subject } from '../systems/subject';

/** Pause between two looks. */
const LOOK_MS = 100;

/** Orders that one statement reads at the end. */
const PAGE = 10_000;

/** Two index scans that end at the first row: an order that is not settled is PENDING or due for something. */
const UNSETTLED = `SELECT EXISTS (SELECT FROM orders WHERE status = 'PENDING')
  OR EXISTS (SELECT FROM orders WHERE due_at IS NOT NULL) AS unsettled`;

const UPDATED = `SELECT order_id AS "orderId", status, extract(epoch FROM updated_at)::float8 * 1000 AS at
  FROM orders WHERE order_id = ANY($1)`;

/**
 * Resolves when every order is settled and no message waits: stock is committed and customers are notified after the
 * order itself is settled, and that work belongs to the order. Fails when it takes longer than `withinMs`.
 */
export async function untilSettled({ name, addresses }: Subject, withinMs: number): Promise<void> {
  const client = new Client({ connectionString: addresses.databases.order });
  await client.connect();
  const queues = await openQueueReader(addresses.amqp, null);
  const isUnsettled = async () => (await client.query<{ unsettled: boolean }>(UNSETTLED)).rows[0]?.unsettled;
  const areWaiting = async () => (await queues.read()).some(({ ready }) => ready > 0);
  try {
    const deadline = performance.now() + withinMs;
    while ((await isUnsettled()) || (await areWaiting())) {
      if (performance.now() > deadline)
        throw new Error(`Orders of the ${name} are not settled within ${String(withinMs / 1000)} s.`);
      await pause(LOOK_MS);
    }
  } finally {
    await Promise.all([client.end(), queues.close()]);
  }
}

/** When the orders of a job were settled. */
export interface Settled {
  /** Time of the last change, in milliseconds of the machine's clock. */
  readonly lastAt: number;
  /** Latency of confirmed orders from being sent to CONFIRMED. */
  readonly latency: Latency;
  /** Number of orders of each status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Reads from the orders' own rows when they were settled: exact to the millisecond, and after the measurement. */
export async function readSettled({ addresses }: Subject, { orderIds, dueAt }: JobResult): Promise<Settled> {
  const sentAt = new Map(orderIds.map((orderId, n) => [orderId, dueAt[n] ?? 0]));
  const latencies = createLatencies();
  const statuses: Record<string, number> = {};
  let lastAt = 0;
  const client = new Client({ connectionString: addresses.databases.order });
  await client.connect();
  try {
    for (let start = 0; start < orderIds.length; start += PAGE) {
      const { rows } = await client.query<{ orderId: string; status: string; at: number }>(UPDATED, [
        orderIds.slice(start, start + PAGE),
      ]);
      for (const { orderId, status, at } of rows) {
        lastAt = Math.max(lastAt, at);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status === 'CONFIRMED') record(latencies, at - (sentAt.get(orderId) ?? at));
      }
    }
  } finally {
    await client.end();
  }
  return { lastAt, latency: summarize(latencies), statuses };
}
