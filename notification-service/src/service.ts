/** What notification-service hears and what it tells customers about it. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import { mailOverdue, mailSent, notify, tells } from './domain/decide';
import type { Effect, NotificationCommand, NotificationState } from './domain/notification';
import { cancelled, completed, confirmed, paymentFailed, paymentReceived, refunded, rejected } from './domain/texts';

/** The events that notification-service hears. */
export type Heard =
  | 'PaymentProcessed'
  | 'OrderConfirmed'
  | 'OrderCompleted'
  | 'InventoryUnavailable'
  | 'PaymentFailed'
  | 'OrderCancelled'
  | 'PaymentRefunded';

/** The table of notification-service. */
export const service: ServiceTable<NotificationState, Heard, NotificationCommand, Effect> = {
  name: 'notification-service',
  hears: {
    PaymentProcessed: tells('PAYMENT_RECEIVED', paymentReceived),
    OrderConfirmed: tells('CONFIRMED', confirmed, ['CANCELLED']),
    OrderCompleted: tells('COMPLETED', completed),
    InventoryUnavailable: tells('REJECTED', rejected, ['CANCELLED']),
    PaymentFailed: tells('FAILED', paymentFailed, ['CANCELLED']),
    OrderCancelled: tells('CANCELLED', cancelled),
    PaymentRefunded: tells('REFUNDED', refunded),
  },
  inputs: {
    Notify: notify,
    MailSent: mailSent,
    MailOverdue: mailOverdue,
  },
  lingers: 'all',
  lowPriority: [],
  announces: [],
  delaysMs: [],
};
