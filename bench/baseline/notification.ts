/** The notification service of the baseline: a row for each notification. */
import { PrismaPg } from '@prisma/adapter-pg';
import { uuidv7 } from 'uuidv7';
import { PrismaClient } from '../../notification-service/generated/prisma/client';
import type { Bus } from './bus';

/** Notifies of payment and confirmation. */
export async function runNotifications(databaseUrl: string, bus: Bus): Promise<void> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
  const tell = async (kind: 'PAYMENT_RECEIVED' | 'CONFIRMED', orderId: string, customerId: string, text: string) => {
    const told = { orderId, customerId, kind, subject: text, message: `${text}: order ${orderId}.` };
    await prisma.notification.create({
      data: { ...told, notificationId: uuidv7(), channel: 'log', attempts: 1, sentAt: new Date() },
    });
  };

  await bus.listen({
    PaymentProcessed: ({ orderId, customerId }) => tell('PAYMENT_RECEIVED', orderId, customerId, 'Payment received'),
    OrderConfirmed: ({ orderId, customerId }) => tell('CONFIRMED', orderId, customerId, 'Order confirmed'),
  });
}
