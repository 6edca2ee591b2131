/** The order service of the baseline: Fastify with zod in front, one row for an order. */
import { PrismaPg } from '@prisma/adapter-pg';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { PrismaClient } from '../../order-service/generated/prisma/client';
import type { Bus } from './bus';

const placeSchema = z.strictObject({
  customer_id: z.string().min(1).max(64),
  items: z.array(z.strictObject({ product_id: z.string().min(1).max(64), quantity: z.int().min(1).max(1000) })).min(1),
  payment_method: z.string().default('tok_success'),
});

const CURRENCY = 'USD';

/** How long an order may take, in milliseconds: the column needs a value, which the baseline does not use. */
const DEADLINE_MS = 300_000;

/** Serves POST /orders on `port` and confirms paid orders. */
export async function runOrders(databaseUrl: string, bus: Bus, log: Logger, port: number): Promise<void> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
  const server = Fastify({ loggerInstance: log, disableRequestLogging: true });

  server.post('/orders', async (request, reply) => {
    const parsed = placeSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ errors: parsed.error.issues });
    const { customer_id: customerId, items, payment_method: paymentMethod } = parsed.data;
    const lines = items.map((item) => ({ productId: item.product_id, quantity: item.quantity, unitPriceMinor: null }));
    const order = await prisma.order.create({
      data: {
        orderId: uuidv7(),
        customerId,
        status: 'PENDING',
        items: lines,
        currency: CURRENCY,
        paymentMethod,
        inventory: 'none',
        payment: 'none',
        settled: false,
        timeline: [],
        requestHash: '',
        deadlineAt: new Date(Date.now() + DEADLINE_MS),
      },
    });
    const { orderId } = order;
    bus.publish('OrderCreated', { orderId, customerId, items: lines, currency: CURRENCY, paymentMethod });
    return reply.code(202).send({ order_id: orderId, status: order.status, customer_id: customerId, items });
  });

  await bus.listen({
    InventoryReserved: async ({ orderId, items, totalMinor }) => {
      await prisma.order.update({ where: { orderId }, data: { inventory: 'reserved', items, totalMinor } });
    },
    PaymentProcessed: async ({ orderId, customerId, totalMinor, currency, attempts }) => {
      const data = { status: 'CONFIRMED', payment: 'processed', settled: true, totalMinor, attempts } as const;
      await prisma.order.update({ where: { orderId }, data: { ...data, updatedAt: new Date() } });
      bus.publish('OrderConfirmed', { orderId, customerId, totalMinor, currency });
    },
  });
  await server.listen({ host: '127.0.0.1', port });
}
