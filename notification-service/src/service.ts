/** What notification-service hears and what it tells customers about it. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import { resendMail, recordMailSent, notify, tell } from './domain/decide';
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
    PaymentProcessed: tell('PAYMENT_RECEIVED', paymentReceived),
    OrderConfirmed: tell('CONFIRMED', confirmed, ['CANCELLED']),
    OrderCompleted: tell('COMPLETED', completed),
    InventoryUnavailable: tell('REJECTED', rejected, ['CANCELLED']),
    PaymentFailed: tell('FAILED', paymentFailed, ['CANCELLED']),
    OrderCancelled: tell('CANCELLED', cancelled),
    PaymentRefunded: tell('REFUNDED', refunded),
  },
  inputs: {
    Notify: notify,
    MailSent: recordMailSent,
    MailOverdue: resendMail,
  },
  lingers: 'all',
  lowPriority: [],
  publishes: [],
  delaysMs: [],
};
