/** The HTTP operations of inventory-service. */
import { pageOf, pageQuery, sendProblem, toPage, type HttpServer, type Pool } from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import { z } from 'zod';
import type { PrismaClient } from '../../../generated/prisma/client';
import { setProduct } from '../database/set-product';
import {
  categorySchema,
  inventorySchema,
  productIdSchema,
  productSchema,
  reservationSchema,
  setProductSchema,
  toInventoryView,
  toProductView,
  toReservationView,
} from './schemas';

/** What the routes are made of. */
export interface RouteOptions {
  readonly currency: string;
  readonly prisma: PrismaClient;
  readonly pool: Pool;
}

/** The catalogue, as its cursors name it. */
const PRODUCTS = 'products';

const byProduct = z.object({ product_id: productIdSchema });
const noProduct = (productId: string) =>
  `There is no product ${productId}. GET /products lists what there is; PUT /inventory/${productId} creates it.`;

/** Adds the routes. */
export function addRoutes(server: HttpServer, options: RouteOptions): void {
  addCatalogueRoute(server, options);
  addProductRoutes(server, options);
  addInventoryRoutes(server, options);
  addReservationRoute(server, options);
}

function addCatalogueRoute(server: HttpServer, { prisma }: RouteOptions): void {
  const query = z.strictObject({ category: categorySchema.optional(), ...pageQuery(PRODUCTS) });
  server.get(
    '/products',
    {
      schema: {
        tags: ['products'],
        summary: 'The catalogue, by product id',
        querystring: query,
        response: { 200: pageOf(productSchema) },
      },
    },
    async (request) => {
      const { category, limit, cursor } = request.query;
      const products = await prisma.product.findMany({
        where: {
          ...(category === undefined ? {} : { category }),
          ...(cursor === undefined ? {} : { productId: { gt: cursor } }),
        },
        orderBy: { productId: 'asc' },
        take: limit + 1,
      });
      return toPage(PRODUCTS, products, limit, toProductView, ({ productId }) => productId);
    },
  );
}

function addProductRoutes(server: HttpServer, { prisma, pool }: RouteOptions): void {
  const tags = ['products'];
  server.get(
    '/products/random',
    { schema: { tags, summary: 'Some product that is in stock', response: { 200: productSchema } } },
    async (_request, reply) => {
      // Reads every product in stock: fine for catalogues of thousands, which is what this route is for.
      const picked = await pool.query<{ id: string }>(
        'SELECT product_id AS id FROM product WHERE available > 0 ORDER BY random() LIMIT 1',
      );
      const id = picked.rows[0]?.id;
      const product = id === undefined ? null : await prisma.product.findUnique({ where: { productId: id } });
      if (!product) return sendProblem(reply, 404, 'No product is in stock. PUT /inventory/:product_id adds some.');
      return reply.send(toProductView(product));
    },
  );
  server.get(
    '/products/:product_id',
    { schema: { tags, summary: 'One product', params: byProduct, response: { 200: productSchema } } },
    async (request, reply) => {
      const { product_id: productId } = request.params;
      const product = await prisma.product.findUnique({ where: { productId } });
      if (!product) return sendProblem(reply, 404, noProduct(productId));
      return reply.send(toProductView(product));
    },
  );
}

function addInventoryRoutes(server: HttpServer, { prisma, pool, currency }: RouteOptions): void {
  const tags = ['inventory'];
  server.get(
    '/inventory/:product_id',
    { schema: { tags, summary: "One product's stock", params: byProduct, response: { 200: inventorySchema } } },
    async (request, reply) => {
      const { product_id: productId } = request.params;
      const product = await prisma.product.findUnique({ where: { productId } });
      if (!product) return sendProblem(reply, 404, noProduct(productId));
      return reply.send(toInventoryView(productId, product));
    },
  );
  server.put(
    '/inventory/:product_id',
    {
      schema: {
        tags,
        summary: "Set a product's available stock, or create the product",
        params: byProduct,
        body: setProductSchema,
        response: { 200: inventorySchema, 201: inventorySchema },
      },
    },
    async (request, reply) => {
      const { product_id: productId } = request.params;
      const { quantity_available: available, price: priceMinor, name, category } = request.body;
      const { created, levels } = await setProduct(pool, currency, {
        productId,
        available,
        priceMinor,
        name,
        category,
      });
      if (created) void reply.header('location', `/inventory/${productId}`);
      return reply.status(created ? 201 : 200).send(toInventoryView(productId, levels));
    },
  );
}

function addReservationRoute(server: HttpServer, { prisma }: RouteOptions): void {
  server.get(
    '/reservations/:order_id',
    {
      schema: {
        tags: ['reservations'],
        summary: "What became of an order's stock",
        params: z.object({ order_id: idSchema }),
        response: { 200: reservationSchema },
      },
    },
    async (request, reply) => {
      const { order_id: orderId } = request.params;
      const reservation = await prisma.reservation.findUnique({ where: { orderId } });
      if (!reservation) {
        return sendProblem(
          reply,
          404,
          `There is no reservation for an order ${orderId}, or not yet: ask again shortly.`,
        );
      }
      return reply.send(toReservationView(reservation));
    },
  );
}
