/** The inventory service of the baseline: a reservation and its stock in one transaction. */
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../inventory-service/generated/prisma/client';
import type { Bus } from './bus';

/** Reserves stock for new orders, and commits it when the order is confirmed. */
export async function runInventory(databaseUrl: string, bus: Bus): Promise<void> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });

  await bus.listen({
    OrderCreated: async ({ orderId, customerId, items, currency, paymentMethod }) => {
      const found = await prisma.product.findMany({
        where: { productId: { in: items.map((line) => line.productId) } },
      });
      const priced = items.map(({ productId, quantity }) => {
        const unitPriceMinor = Number(found.find((product) => product.productId === productId)?.priceMinor);
        return { productId, quantity, unitPriceMinor };
      });
      const totalMinor = priced.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0);
      await prisma.$transaction(async (tx) => {
        for (const { productId, quantity } of priced) {
          const { count } = await tx.product.updateMany({
            where: { productId, available: { gte: quantity } },
            data: { available: { decrement: quantity }, reserved: { increment: quantity } },
          });
          if (count === 0) throw new Error(`${productId} is sold out`);
        }
        const data = { orderId, customerId, items: priced, totalMinor, currency, paymentMethod };
        await tx.reservation.create({ data: { ...data, status: 'RESERVED' } });
      });
      bus.publish('InventoryReserved', { orderId, customerId, items: priced, totalMinor, currency, paymentMethod });
    },
    OrderConfirmed: async ({ orderId }) => {
      await prisma.$transaction(async (tx) => {
        const { items } = await tx.reservation.update({ where: { orderId }, data: { status: 'COMMITTED' } });
        // Written above, by this service.
        for (const { productId, quantity } of items as { productId: string; quantity: number }[]) {
          const moved = { reserved: { decrement: quantity }, committed: { increment: quantity } };
          await tx.product.update({ where: { productId }, data: moved });
        }
      });
    },
  });
}
