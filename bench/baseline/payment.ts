/**
 * The payment service of the baseline: the payment before the bank is called, the bank's own ledger, the payment after.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import { uuidv7 } from 'uuidv7';
import { PrismaClient } from '../../payment-service/generated/prisma/client';
import type { Bus } from './bus';

/** Charges reserved orders. */
export async function runPayments(databaseUrl: string, bus: Bus): Promise<void> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });

  await bus.listen({
    InventoryReserved: async ({ orderId, customerId, totalMinor, currency, paymentMethod }) => {
      const paymentId = uuidv7();
      const amount = { amountMinor: totalMinor, currency };
      await prisma.payment.create({
        data: { ...amount, orderId, paymentId, customerId, status: 'CHARGING', method: paymentMethod, attempt: 1 },
      });
      await prisma.simulatedCharge.create({
        data: { ...amount, key: `charge-${orderId}`, reference: orderId, status: 'charged', calls: 1 },
      });
      await prisma.payment.update({ where: { orderId }, data: { status: 'SUCCEEDED' } });
      bus.publish('PaymentProcessed', { orderId, customerId, paymentId, totalMinor, currency, attempts: 1 });
    },
  });
}
