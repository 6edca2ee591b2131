/** The HTTP operations of order-service. */
import { noBodySchema, pageOf, pageQuery, sendProblem, toPage, type HttpServer } from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import { z } from 'zod';
import type { Order } from '../../domain/order';
import { addPlaceRoute } from './place-order';
import { findOrder, listOrders } from '../database/order-queries';
import { sendOrder, type RouteOptions } from './order-response';
import { toStored } from '../database/stored-order';
import { orderSchema, orderSummarySchema, toSummary } from './schemas';
import { addStreamRoute } from './order-stream';
import { createClosing } from './order-watch';

const byId = z.object({ order_id: idSchema });
const statusSchema = orderSummarySchema.shape.status;
/** The lists, as their cursors name them. */
const ORDERS = 'orders';
const CUSTOMER_ORDERS = 'customer-orders';

const NOT_FOUND = (orderId: string) => `There is no order ${orderId}.`;

/** Adds the routes. */
export function addRoutes(server: HttpServer, options: RouteOptions): void {
  const closing = createClosing();
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
  const query = z.strictObject({
    status: statusSchema.optional(),
    customer_id: idSchema.optional(),
    ...pageQuery(ORDERS),
  });
  server.get('/orders', { schema: { ...listSchema(query), querystring: query } }, async (request) => {
    const { status, customer_id: customerId, limit, cursor } = request.query;
    const orders = await listOrders(prisma, { status, customerId, before: cursor }, limit);
    return toPage(ORDERS, orders, limit, toSummary, ({ orderId }) => orderId);
  });
  const page = z.strictObject(pageQuery(CUSTOMER_ORDERS));
  server.get(
    '/orders/customer/:customer_id',
    { schema: { ...listSchema(page), querystring: page, params: z.object({ customer_id: idSchema }) } },
    async (request) => {
      const { limit, cursor } = request.query;
      const orders = await listOrders(prisma, { customerId: request.params.customer_id, before: cursor }, limit);
      return toPage(CUSTOMER_ORDERS, orders, limit, toSummary, ({ orderId }) => orderId);
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
    schema: { tags: ['orders'], summary, params: byId, body: noBodySchema, response: { 200: orderSchema } },
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
