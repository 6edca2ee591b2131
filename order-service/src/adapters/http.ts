/** The HTTP operations of order-service. */
import {
  pageOf,
  pageQuery,
  sendProblem,
  toPage,
  type Handled,
  type HttpServer,
  type Input,
} from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import type { FastifyReply } from 'fastify';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { PrismaClient } from '../../generated/prisma/client';
import type { OrderCommand, OrderState } from '../domain/decide';
import { FRESH, type Order } from '../domain/order';
import { findOrder, listOrders } from './reads';
import {
  hashOf,
  orderSchema,
  orderSummarySchema,
  placeOrderSchema,
  toStored,
  toSummary,
  toView,
  type Placement,
  type StoredOrder,
} from './schemas';
import { placementKey } from './store';
import { addStreamRoute } from './stream';
import type { Watch } from './watch';

/** Longest time that `Prefer: wait` is honoured, in seconds. */
const WAIT_MAX_S = 30;

/** When a client should look again at an order that is PENDING, in seconds. */
const RETRY_AFTER_S = 1;

const MS_PER_S = 1_000;

/** What the routes are made of. */
export interface RouteOptions {
  readonly currency: string;
  readonly prisma: PrismaClient;
  readonly watch: Watch;
  readonly command: (input: Input<OrderCommand>) => Promise<Handled<OrderState>>;
}

const byId = z.object({ order_id: idSchema });
const statusSchema = orderSummarySchema.shape.status;
const NOT_FOUND = (orderId: string) => `There is no order ${orderId}.`;

/** Answers with an order: where it is, its version, and when to look again. */
function sendOrder(reply: FastifyReply, status: number, order: StoredOrder): FastifyReply {
  void reply.header('etag', `"${String(order.version)}"`);
  if (order.status === 'PENDING') void reply.header('retry-after', String(RETRY_AFTER_S));
  return reply.status(status).send(toView(order));
}

/** Adds the routes. */
export function addRoutes(server: HttpServer, options: RouteOptions): void {
  const closing = new AbortController();
  server.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  addPlaceRoute(server, options, closing.signal);
  addReadRoutes(server, options);
  addCommandRoute(server, options, {
    method: 'DELETE',
    url: '/orders/:order_id',
    summary: 'Cancel an order',
    type: 'CancelOrder',
    wanted: 'CANCELLED',
    advice: 'Only a PENDING or CONFIRMED order can be cancelled.',
  });
  addCommandRoute(server, options, {
    method: 'POST',
    url: '/orders/:order_id/complete',
    summary: 'Hand the goods over',
    type: 'CompleteOrder',
    wanted: 'COMPLETED',
    advice: 'Only a CONFIRMED order can be completed.',
  });
  addStreamRoute(server, options, closing.signal);
}

const newOrder = (placement: Placement, idempotencyKey: string | null): Order => ({
  ...placement,
  orderId: uuidv7(),
  status: 'PENDING',
  reason: null,
  totalMinor: null,
  inventory: 'none',
  payment: 'none',
  attempts: 0,
  idempotencyKey,
  requestHash: hashOf(placement),
  nudges: 0,
  clock: FRESH,
  record: null,
});

function addPlaceRoute(server: HttpServer, options: RouteOptions, closing: AbortSignal): void {
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
    const order = newOrder(request.body, request.headers['idempotency-key'] ?? null);
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
    const waited = await waitWhilePending(options, toStored(state), waitMsOf(request.headers.prefer), closing);
    return sendOrder(reply, waited.answered ? 201 : 202, waited.order);
  });
}

/** The `wait` preference (RFC 7240) in milliseconds, capped; 0 when there is none. */
function waitMsOf(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,9})/i.exec(prefer ?? '')?.[1];
  return Math.min(Number(seconds ?? 0), WAIT_MAX_S) * MS_PER_S;
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
      await follower.changed(leftMs, closing);
      order = (await findOrder(prisma, order.orderId)) ?? order;
    }
    return { answered: order.status !== 'PENDING', order };
  } finally {
    follower.leave();
  }
}

function addReadRoutes(server: HttpServer, { prisma }: RouteOptions): void {
  server.get(
    '/orders/:order_id',
    {
      schema: {
        tags: ['orders'],
        summary: 'One order with its timeline',
        params: byId,
        headers: z.object({ 'if-none-match': z.string().max(200).optional() }),
        response: { 200: orderSchema, 304: z.undefined() },
      },
    },
    async (request, reply) => {
      const { order_id } = request.params;
      const order = await findOrder(prisma, order_id);
      if (!order) return sendProblem(reply, 404, NOT_FOUND(order_id));
      const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
      if (known?.some((tag) => tag === '*' || tag === `"${String(order.version)}"`) === true) {
        return reply
          .header('etag', `"${String(order.version)}"`)
          .status(304)
          .send();
      }
      return sendOrder(reply, 200, order);
    },
  );
  const listSchema = (querystring: z.ZodObject) => ({
    tags: ['orders'],
    summary: 'Orders, newest first, without their timelines',
    querystring,
    response: { 200: pageOf(orderSummarySchema) },
  });
  const query = z.strictObject({ status: statusSchema.optional(), customer_id: idSchema.optional(), ...pageQuery });
  server.get('/orders', { schema: { ...listSchema(query), querystring: query } }, async (request) => {
    const { status, customer_id: customerId, limit, cursor } = request.query;
    const orders = await listOrders(prisma, { status, customerId, before: cursor?.[0] }, limit);
    return toPage(orders, limit, toSummary, ({ orderId }) => [orderId]);
  });
  const page = z.strictObject(pageQuery);
  server.get(
    '/orders/customer/:customer_id',
    { schema: { ...listSchema(page), querystring: page, params: z.object({ customer_id: idSchema }) } },
    async (request) => {
      const { limit, cursor } = request.query;
      const orders = await listOrders(prisma, { customerId: request.params.customer_id, before: cursor?.[0] }, limit);
      return toPage(orders, limit, toSummary, ({ orderId }) => [orderId]);
    },
  );
}

interface CommandRoute {
  readonly method: 'DELETE' | 'POST';
  readonly url: string;
  readonly summary: string;
  readonly type: 'CancelOrder' | 'CompleteOrder';
  /** The status that makes the request a success, also when it was reached before. */
  readonly wanted: Order['status'];
  readonly advice: string;
}

function addCommandRoute(
  server: HttpServer,
  { command }: RouteOptions,
  { method, url, summary, type, wanted, advice }: CommandRoute,
): void {
  server.route({
    method,
    url,
    schema: { tags: ['orders'], summary, params: byId, response: { 200: orderSchema } },
    handler: async (request, reply) => {
      const { order_id } = request.params;
      const { state } = await command({
        key: order_id,
        message: { type },
        cause: { traceparent: request.traceparent },
      });
      if (!state) return sendProblem(reply, 404, NOT_FOUND(order_id));
      if (state.status !== wanted) return sendProblem(reply, 409, `The order is ${state.status}. ${advice}`);
      return sendOrder(reply, 200, toStored(state));
    },
  });
}
