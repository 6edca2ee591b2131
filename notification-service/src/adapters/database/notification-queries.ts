/** Reading notifications for the delivery of mail, through Prisma. */
import type { PrismaClient } from '../../../generated/prisma/client';
import type { Kind } from '../../domain/notification';
import type { UnsentMail } from '../mail/deliver';

/** Finds the notification of a kind about an order (DIRECT: with that id); undefined when it is sent or unknown. */
export async function findUnsentMail(prisma: PrismaClient, key: string, kind: Kind): Promise<UnsentMail | undefined> {
  const found =
    kind === 'DIRECT'
      ? await prisma.notification.findUnique({ where: { notificationId: key } })
      : await prisma.notification.findUnique({ where: { orderId_kind: { orderId: key, kind } } });
  return found?.sentAt === null ? found : undefined;
}
