/** What tables cannot say of themselves: states, inputs and effects in words. A name without words does not compile. */
import type { service as inventoryService } from '@quadrille/inventory-service';
import type { Reservation } from '@quadrille/inventory-service/src/domain/reservation';
import type { service as notificationService } from '@quadrille/notification-service';
import type { Effect as NotificationEffect } from '@quadrille/notification-service/src/domain/notification';
import type { service as orderService } from '@quadrille/order-service';
import type { OrderStatus } from '@quadrille/order-service/src/domain/order';
import type { service as paymentService } from '@quadrille/payment-service';
import type { PaymentEffect } from '@quadrille/payment-service/src/domain/messages';
import type { PaymentStatus } from '@quadrille/payment-service/src/domain/payment';

type Words<Name extends string> = Readonly<Record<Name, string>>;

/** Where an input comes from, and what it says. */
interface InputWords {
  readonly from: string;
  readonly says: string;
}

type InputsOf<Table extends { readonly inputs: object }> = Readonly<
  Record<Extract<keyof Table['inputs'], string>, InputWords>
>;

export const orderStates: Words<OrderStatus | 'NONE'> = {
  NONE: 'no such order',
  PENDING: 'placed; stock or money is still awaited',
  CONFIRMED: 'paid for',
  COMPLETED: 'paid for and handed over',
  CANCELLED: 'called off: by the customer, by its deadline, or because its money was refunded',
  REJECTED: 'some line could not be had',
  FAILED: 'no money could be had',
  REFUNDED: 'handed over, and its money given back: the goods stay with the customer',
};

export const orderInputs: InputsOf<typeof orderService> = {
  PlaceOrder: { from: '`POST /orders`', says: 'a customer places it' },
  CancelOrder: { from: '`DELETE /orders/:order_id`', says: 'the customer no longer wants it' },
  CompleteOrder: { from: '`POST /orders/:order_id/complete`', says: 'the goods were handed over' },
  OrderOverdue: {
    from: 'sweeper',
    says: 'it is PENDING beyond its deadline, or not settled and unchanged for longer than the healing time',
  },
};

export const reservationStates: Words<Reservation['status'] | 'NONE'> = {
  NONE: 'the order was not heard of',
  RESERVED: 'all of its lines are held for it',
  COMMITTED: 'its lines are sold',
  RELEASED: 'its lines are on sale again',
  UNAVAILABLE: 'some line could not be had: nothing is held',
  TOMBSTONE: 'cancelled before it was heard of: when it comes, nothing is held',
};

export const inventoryInputs: InputsOf<typeof inventoryService> = {
  ReservationOverdue: { from: 'sweeper', says: 'it is RESERVED for longer than the healing time' },
};

export const paymentStates: Words<PaymentStatus> = {
  NONE: 'nothing is to be paid',
  CHARGING: 'the gateway is being asked for the money; this is committed before it is asked',
  RETRY_WAIT: 'the last attempt brought nothing, and the next one waits for its timer',
  RESOLVING: 'no more attempts, but one of them may have taken money: the gateway is asked, until it answers',
  SUCCEEDED: 'the money was taken',
  FAILED: 'no money was taken and none will be',
  VOIDED: 'the order is off, no money was taken and none will be',
  REFUND_PENDING: 'the money is to be given back: the gateway is asked, until it answers',
  REFUNDED: 'the money was given back',
};

export const paymentInputs: InputsOf<typeof paymentService> = {
  ChargeAnswered: {
    from: 'gateway',
    says:
      'the answer to Charge, and to which attempt: charged, declined (final), not processed (certainly no money was taken), ' +
      'no answer (the attempt is unknown: money may have been taken)',
  },
  ResolveAnswered: {
    from: 'gateway',
    says: 'the answer to Resolve: it was charged, it was declined, it is now void and no late request can land, or unreachable',
  },
  RefundAnswered: { from: 'gateway', says: 'the answer to Refund: refunded, or unreachable' },
  RetryDue: { from: 'delay queue', says: 'the pause after an attempt is over' },
  PaymentOverdue: {
    from: 'sweeper',
    says: 'a timer is lost, the lease of a call has run out (its worker died), or the gateway was unreachable for long enough',
  },
  RefundPayment: { from: '`POST /payments/:payment_id/refund`', says: 'an operator gives the money back' },
};

export const paymentEffects: Words<PaymentEffect['type']> = {
  Charge: 'asks the gateway for the money, with one idempotency key for all attempts of an order',
  Resolve: 'asks the gateway what became of the charge, and voids it if nothing did, in one operation',
  Refund: 'asks the gateway to give the money back, with one idempotency key for all tries',
};

export const notificationStates: Words<'NOT TOLD' | 'MAIL ON ITS WAY' | 'TOLD'> = {
  'NOT TOLD': 'no notification of this kind',
  'MAIL ON ITS WAY': 'a mail was handed to the mail server, or tried to be',
  TOLD: 'the mail server has taken the mail, or it was written to the log',
};

export const notificationInputs: InputsOf<typeof notificationService> = {
  Notify: { from: '`POST /notifications`', says: 'somebody tells a customer something about no order (kind DIRECT)' },
  MailSent: { from: 'mail server', says: 'it has taken the mail' },
  MailOverdue: { from: 'sweeper', says: 'the mail should have been sent by now' },
};

export const notificationEffects: Words<NotificationEffect['type']> = {
  SendMail: 'hands the mail to the mail server, with the same Message-ID at every try',
  WriteLog: "writes a line to the service's log",
};
