/** The effects of notification-service: a line in the log, or a mail. */
import { createSemaphore, traceIdOf, type Logger, type RequestedEffect } from '@quadrille/service-chassis';
import type { Effect, Kind, NotificationCommand } from '../../domain/notification';
import { CONNECTIONS_MAX, type Mailer } from './mailer';

/** A notification that is to be sent by mail, without its address. */
export interface UnsentMail {
  readonly notificationId: string;
  readonly customerId: string;
  readonly subject: string;
  readonly message: string;
}

/** What mail needs of the world outside. */
export interface MailDelivery {
  readonly mailer: Mailer;
  /** Finds the notification of a kind about an order (DIRECT: with that id); undefined when it is sent or unknown. */
  readonly findUnsent: (key: string, kind: Kind) => Promise<UnsentMail | undefined>;
}

/** What delivery is made of. */
export interface DeliveryOptions {
  readonly log: Logger;
  /** Undefined without a mail server. */
  readonly mail: MailDelivery | undefined;
}

/** Creates what performs the effects. It rejects when the mail did not get out: the sweeper has it sent again. */
export function createDelivery({ log, mail }: DeliveryOptions) {
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
    if (!mail || inHand.has(name)) return undefined;
    inHand.add(name);
    const release = await acquire();
    try {
      // Looked at when it is its turn: another replica may have been faster.
      const unsent = await mail.findUnsent(key, kind);
      if (!unsent) return undefined;
      const { notificationId: id, customerId, subject, message } = unsent;
      await mail.mailer.send({ id, to: effect.to, subject, message });
      log.info({ ...fields, customer_id: customerId, notification_id: id, subject }, 'mail sent');
      return { type: 'MailSent', kind };
    } finally {
      release();
      inHand.delete(name);
    }
  };
}
