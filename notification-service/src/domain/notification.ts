/** What customers are told, and how far the telling has come. */
import type { Wake } from '@quadrille/service-chassis';

/** What a notification is about. One order has at most one of each; DIRECT ones are about no order. */
export type Kind =
  'PAYMENT_RECEIVED' | 'CONFIRMED' | 'COMPLETED' | 'REJECTED' | 'FAILED' | 'CANCELLED' | 'REFUNDED' | 'DIRECT';

/** How a customer is reached: by mail, or, without an address, by a line in the service's log. */
export type Channel = 'log' | 'smtp';

/** The words. */
export interface Text {
  readonly subject: string;
  readonly message: string;
}

/** One notification. */
export interface Notification {
  readonly customerId: string;
  readonly kind: Kind;
  readonly subject: string;
  readonly channel: Channel;
  /** Undefined once it is stored: only its sender reads it again. */
  readonly message: string | undefined;
  /** How often it was handed to the mail server, or tried to be. */
  readonly attempts: number;
  /** Whether it is out. */
  readonly sent: boolean;
  /** When its mail is sent again; null when nothing is awaited. */
  readonly wake: Wake | null;
  /** By the database's clock, when it was loaded: the mail should have been sent by now. */
  readonly overdue: boolean;
}

/** What a decision is made on: what was told already, by kind, and where mail reaches the customer. */
export interface NotificationState {
  readonly told: ReadonlyMap<Kind, Notification>;
  /** Undefined when the customer has no address, or this service no mail server. */
  readonly address: string | undefined;
}

/** Something to do after the commit. */
export type Effect =
  | { readonly type: 'SendMail'; readonly kind: Kind; readonly to: string }
  | { readonly type: 'WriteLog'; readonly kind: Kind; readonly customerId: string; readonly subject: string };

/** What people, clocks and the mail server say. */
export type NotificationCommand =
  | ({ readonly type: 'Notify'; readonly customerId: string } & Text)
  | { readonly type: 'MailSent'; readonly kind: Kind }
  | { readonly type: 'MailOverdue'; readonly kind: Kind };
