/**
 * Places the orders of one job.
 *
 * At a rate, every order has a time at which it should be sent, and its latency counts from there: a system that stalls
 * also delays the orders behind, and these delays belong to its latency (no coordinated omission).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import type { Job, JobResult } from './job';
import { createLatencies, record, summarize } from './latency';
import { kinds } from './orders';

/** How long a waiting request waits, in seconds: the most that order-service grants. */
const WAIT_S = 30;

/** A response that takes longer, in milliseconds, has failed. */
const ANSWER_TIMEOUT_MS = 60_000;

/** The response to an order that is refused because too many are waiting. */
const REFUSED = 503;

const MS_PER_S = 1_000;

const placedSchema = z.object({ order_id: z.string(), status: z.string() });

const now = () => performance.timeOrigin + performance.now();

/** Opens the connections, places every order, and returns the results. Fails with the first error. */
export async function place(job: Job): Promise<JobResult> {
  const { orders, perSecond, wait, warmUp = 0 } = job;
  const pools = job.orderUrls.map((url) => openPool(url, Math.ceil(job.connections / job.orderUrls.length)));
  const latencies = createLatencies();
  const orderIds: string[] = [];
  const dueAt: number[] = [];
  let notConfirmed = 0;
  let refused = 0;
  const headers = { 'content-type': 'application/json', ...(wait ? { prefer: `wait=${String(WAIT_S)}` } : {}) };

  const one = async (n: number, due: number) => {
    const planned = kinds[job.kind](n);
    const pool = pools[n % pools.length];
    if (!pool) throw new Error('There is no order-service to order from.');
    const answer = await pool.request({ method: 'POST', path: '/orders', headers, body: JSON.stringify(planned.body) });
    const text = await answer.body.text();
    const answered = now();
    if (answer.statusCode === REFUSED) {
      refused += 1;
      return;
    }
    if (answer.statusCode !== 201 && answer.statusCode !== 202)
      throw new Error(`POST /orders: ${String(answer.statusCode)} ${text}`);
    const { order_id: orderId, status } = placedSchema.parse(JSON.parse(text));
    orderIds.push(orderId);
    dueAt.push(due);
    if (planned.cancel) await cancel(pool, orderId);
    if (!wait || !planned.good || n < warmUp) return;
    if (status === 'CONFIRMED') record(latencies, answered - due);
    else notConfirmed += 1;
  };

  const startedAt = now();
  if (perSecond === undefined) await inTurn(orders, job.connections, (n) => one(n, now()));
  else await atRate(orders, perSecond, startedAt, one);
  const postedAt = now();
  await Promise.all(pools.map((pool) => pool.close()));
  const latency = wait ? summarize(latencies) : undefined;
  return { startedAt, postedAt, orderIds, dueAt, latency, refused, notConfirmed };
}

const openPool = (url: string, connections: number) =>
  new Pool(url, { connections, headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS });

async function cancel(pool: Pool, orderId: string): Promise<void> {
  const answer = await pool.request({ method: 'DELETE', path: `/orders/${orderId}` });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`DELETE /orders/${orderId}: ${String(answer.statusCode)} ${text}`);
}

/** Sends the next order on a connection when the last one has a response. */
async function inTurn(orders: number, connections: number, one: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const customer = async () => {
    while (next < orders) await one(next++);
  };
  await Promise.all(Array.from({ length: connections }, customer));
}

/** Sends each order at its time, or as soon after it as the timer allows. */
async function atRate(
  orders: number,
  perSecond: number,
  startedAt: number,
  one: (n: number, due: number) => Promise<void>,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (let n = 0; n < orders; n++) {
    const due = startedAt + (n * MS_PER_S) / perSecond;
    const early = due - now();
    if (early > 0) await pause(early);
    running.push(one(n, due));
  }
  await Promise.all(running);
}
