/** Placing an order: once for an idempotency key, and with patience for those who prefer to wait for the outcome. */
import { failpoint, isTransient, sendProblem, type HttpServer } from '@quadrille/service-chassis';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { newOrder, type Placement } from '../../domain/new-order';
import type { Order } from '../../domain/order';
import { findOrder } from '../database/order-queries';
import { placementKey } from '../database/order-store';
import { newer, toStored, type StoredOrder } from '../database/stored-order';
import { sendOrder, type RouteOptions } from './order-response';
import { hashOf, orderSchema, placeOrderSchema } from './schemas';

/** Longest time that `Prefer: wait` is honoured, in seconds. */
const WAIT_MAX_S = 30;

const MS_PER_S = 1_000;

/** The order that a request asks for, with an id of its own. */
export const requestedOrder = (placement: Placement, idempotencyKey: string | null): Order =>
  newOrder(placement, { orderId: uuidv7(), requestHash: hashOf(placement), idempotencyKey });

/** Adds POST /orders. */
export function addPlaceRoute(server: HttpServer, options: RouteOptions, closing: AbortSignal): void {
  const schema = {
    tags: ['orders'],
    summary: 'Place an order',
    headers: z.object({
      'idempotency-key': z
        .string()
        .min(1)
        .max(255)
        .optional()
        .meta({ description: 'the same key and body give the same order' }),
      prefer: z.string().max(200).optional().meta({
        description: 'wait=N: answer as soon as the order is no longer PENDING, after at most N (up to 30) seconds',
      }),
    }),
    body: placeOrderSchema(options.currency),
    response: { 201: orderSchema, 202: orderSchema },
  };
  server.post('/orders', { schema }, async (request, reply) => {
    // Node joins them to one key that the client does not know: neither of the two would find the order again.
    if (timesSent(request.raw.rawHeaders, 'idempotency-key') > 1)
      return sendProblem(reply, 400, 'There is more than one Idempotency-Key header: send one, with one key.', [
        { field: 'Idempotency-Key', message: 'must be sent once' },
      ]);
    const order = requestedOrder(request.body, request.headers['idempotency-key'] ?? null);
    const { state } = await options.command({
      key: placementKey(order),
      message: { type: 'PlaceOrder', order },
      cause: { traceparent: request.traceparent },
    });
    if (!state) throw new Error('placing an order left no order');
    if (state.requestHash !== order.requestHash) {
      return sendProblem(
        reply,
        422,
        'This Idempotency-Key was used with another body. Use a new key for a new order.',
        [{ field: 'Idempotency-Key', message: 'belongs to another request' }],
      );
    }
    void reply.header('location', `/orders/${state.orderId}`);
    const waitMs = waitMsOf(request.headers.prefer);
    if (waitMs > 0) void reply.header('preference-applied', `wait=${String(waitMs / MS_PER_S)}`);
    const waited = await waitWhilePending(options, toStored(state), waitMs, closing);
    await failpoint('before_response');
    return sendOrder(reply, waited.answered ? 201 : 202, waited.order);
  });
}

/** How often a header was sent; `raw` has names and values in turn, as they came. */
const timesSent = (raw: readonly string[], header: string): number =>
  raw.filter((name, index) => index % 2 === 0 && name.toLowerCase() === header).length;

/** The `wait` preference (RFC 7240) in milliseconds, capped; 0 when there is none. */
function waitMsOf(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait=("?)(\d{1,9})\1(?=[,;\s]|$)/i.exec(prefer ?? '')?.[2];
  return Math.min(Number(seconds ?? 0), WAIT_MAX_S) * MS_PER_S;
}

/** The order is placed: told of an outage while it waits, the customer would place another. */
function unlessAway(error: unknown): undefined {
  if (!isTransient(error)) throw error;
}

async function waitWhilePending(
  { prisma, watch }: RouteOptions,
  placed: StoredOrder,
  waitMs: number,
  closing: AbortSignal,
) {
  const follower = waitMs > 0 ? watch.follow(placed.orderId) : undefined;
  if (!follower) return { answered: false, order: placed };
  try {
    const deadline = performance.now() + waitMs;
    let order = placed;
    for (
      let leftMs = waitMs;
      order.status === 'PENDING' && leftMs > 0 && !closing.aborted;
      leftMs = deadline - performance.now()
    ) {
      const latest =
        (await follower.next(leftMs, closing)) ?? (await findOrder(prisma, order.orderId).catch(unlessAway));
      order = newer(order, latest);
    }
    return { answered: order.status !== 'PENDING', order };
  } finally {
    follower.leave();
  }
}
