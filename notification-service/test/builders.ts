/** Customers, what they were told, and the messages of notification-service, as tests of the decisions use them. */
import { eventBuilder } from '@quadrille/test-kit/src/event-builder';
import { MAIL_PAUSE_MAX_MS } from '../src/domain/decide';
import type { Effect, Notification, NotificationCommand, NotificationState } from '../src/domain/notification';
import { confirmed } from '../src/domain/texts';

const who = { orderId: 'order-1', customerId: 'customer-1' };
const money = { totalMinor: 4_000, currency: 'USD' };

/** Where mail reaches the customer. */
export const ADDRESS = 'ada@shop.example';

/** That the order is confirmed, by a mail that is not out yet, except for `changes`; it is tried again until it is. */
export const mail = (changes: Partial<Notification> = {}): Notification => {
  const { attempts = 1, sent = false } = changes;
  const again = { kind: 'nudge', doublings: attempts - 1, maxMs: MAIL_PAUSE_MAX_MS } as const;
  return {
    customerId: who.customerId,
    kind: 'CONFIRMED',
    ...confirmed({ ...who, ...money }),
    channel: 'smtp',
    attempts,
    sent,
    wake: sent ? null : again,
    overdue: false,
    ...changes,
  };
};
/** The same, written into the log for want of an address, except for `changes`. */
export const logLine = (changes: Partial<Notification> = {}): Notification =>
  mail({ channel: 'log', attempts: 0, sent: true, ...changes });

/** A customer of whom nothing is known, except for an address, or what was told already. */
export const customer = ({
  address,
  told = [],
}: { readonly address?: string; readonly told?: readonly Notification[] } = {}): NotificationState => ({
  told: new Map(told.map((each) => [each.kind, each])),
  address,
});

/** Money was taken. */
export const paymentProcessed = eventBuilder('PaymentProcessed', {
  ...who,
  paymentId: 'payment-1',
  ...money,
  attempts: 1,
});
/** The order is paid for. */
export const orderConfirmed = eventBuilder('OrderConfirmed', { ...who, ...money });
/** The goods were handed over. */
export const orderCompleted = eventBuilder('OrderCompleted', who);
/** Stock cannot be had. */
export const inventoryUnavailable = eventBuilder('InventoryUnavailable', {
  ...who,
  reason: 'OUT_OF_STOCK',
  lines: [{ productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 }],
});
/** No money can be had. */
export const paymentFailed = eventBuilder('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' });
/** The order is off. */
export const orderCancelled = eventBuilder('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' });
/** Money was given back. */
export const paymentRefunded = eventBuilder('PaymentRefunded', { ...who, paymentId: 'payment-1', ...money });

/** Somebody has something to say that is about no order. */
export const notify = (): NotificationCommand => ({
  type: 'Notify',
  customerId: who.customerId,
  subject: 'Hello',
  message: 'You have mail.',
});
/** The mail server has taken the mail that the order is confirmed. */
export const mailSent = (): NotificationCommand => ({ type: 'MailSent', kind: 'CONFIRMED' });
/** The sweeper has found that this mail is not out. */
export const mailOverdue = (): NotificationCommand => ({ type: 'MailOverdue', kind: 'CONFIRMED' });

/** The mail server is handed this mail. */
export const sendMail = (): Effect => ({ type: 'SendMail', kind: 'CONFIRMED', to: ADDRESS });
/** A notification is written into the log. */
export const writeLog = ({ kind, customerId, subject }: Notification = logLine()): Effect => ({
  type: 'WriteLog',
  kind,
  customerId,
  subject,
});
