/** The effects of notification-service: a line in the log, or a mail. */
import { createSemaphore, traceIdOf, type Logger, type RequestedEffect } from '@quadrille/service-chassis';
import type { PrismaClient } from '../../../generated/prisma/client';
import type { Effect, Kind, NotificationCommand } from '../../domain/notification';
import { CONNECTIONS_MAX, type Mailer } from './mailer';

/** What delivery is made of. */
export interface DeliveryOptions {
  readonly log: Logger;
  readonly prisma: PrismaClient;
  readonly mailer: Mailer | undefined;
}

const find = (prisma: PrismaClient, key: string, kind: Kind) =>
  kind === 'DIRECT'
    ? prisma.notification.findUnique({ where: { notificationId: key } })
    : prisma.notification.findUnique({ where: { orderId_kind: { orderId: key, kind } } });

/** Performs effects. Rejects when the mail did not get out: the sweeper has it sent again. */
export function createDelivery({ log, prisma, mailer }: DeliveryOptions) {
  const acquire = createSemaphore(CONNECTIONS_MAX);
  /** Mails that wait for their turn here, or are being sent: overdue meanwhile, they are not sent twice. */
  const inHand = new Set<string>();

  return async ({ key, effect, cause }: RequestedEffect<Effect>): Promise<NotificationCommand | undefined> => {
    const { kind } = effect;
    const fields = { order_id: kind === 'DIRECT' ? undefined : key, kind, trace_id: traceIdOf(cause.traceparent) };
    if (effect.type === 'WriteLog') {
      log.info({ ...fields, customer_id: effect.customerId, subject: effect.subject }, 'notification');
      return undefined;
    }
    const name = `${kind} ${key}`;
    if (!mailer || inHand.has(name)) return undefined;
    inHand.add(name);
    const release = await acquire();
    try {
      // Looked at when it is its turn: another replica may have been faster.
      const notification = await find(prisma, key, kind);
      if (notification?.sentAt !== null) return undefined;
      const { notificationId: id, subject, message } = notification;
      await mailer.send({ id, to: effect.to, subject, message });
      log.info({ ...fields, customer_id: notification.customerId, notification_id: id, subject }, 'mail sent');
      return { type: 'MailSent', kind };
    } finally {
      release();
      inHand.delete(name);
    }
  };
}
