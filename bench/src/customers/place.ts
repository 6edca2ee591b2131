/**
 * Places the orders of one job.
 *
 * At a rate, every order has a moment at which it is meant to be sent, and its latency counts from there: a system that
 * stalls delays the orders behind it, and those delays are its own (no coordinated omission).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import type { Job, JobResult } from './job';
import { createLatencies, record, summarize } from './latency';
import { kinds } from './orders';

/** How long an answer to a waiting request may take, in seconds: the most that order-service grants. */
const WAIT_S = 30;

/** An answer that takes longer has failed. */
const ANSWER_TIMEOUT_MS = 60_000;

const MS_PER_S = 1_000;

const placedSchema = z.object({ order_id: z.string(), status: z.string() });

const now = () => performance.timeOrigin + performance.now();

/** Opens the connections, places every order, and tells what became of them. Fails with the first order that is refused. */
export async function place(job: Job): Promise<JobResult> {
  const { orders, perSecond, wait, warmUp = 0 } = job;
  const pool = new Pool(job.orderUrl, {
    connections: job.connections,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  const latencies = createLatencies();
  const orderIds: string[] = [];
  const dueAt: number[] = [];
  let notConfirmed = 0;
  const headers = { 'content-type': 'application/json', ...(wait ? { prefer: `wait=${String(WAIT_S)}` } : {}) };

  const one = async (n: number, due: number) => {
    const planned = kinds[job.kind](n);
    const answer = await pool.request({ method: 'POST', path: '/orders', headers, body: JSON.stringify(planned.body) });
    const text = await answer.body.text();
    const answered = now();
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
  await pool.close();
  return { startedAt, postedAt, orderIds, dueAt, latency: wait ? summarize(latencies) : undefined, notConfirmed };
}

async function cancel(pool: Pool, orderId: string): Promise<void> {
  const answer = await pool.request({ method: 'DELETE', path: `/orders/${orderId}` });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`DELETE /orders/${orderId}: ${String(answer.statusCode)} ${text}`);
}

/** Each connection sends its next order when its last one was answered. */
async function inTurn(orders: number, connections: number, one: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const customer = async () => {
    while (next < orders) await one(next++);
  };
  await Promise.all(Array.from({ length: connections }, customer));
}

/** Each order is sent at its moment, or as soon after it as the timer allows. */
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
