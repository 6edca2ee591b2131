/** Asks notification-service's table: what a customer is told about each event, what silences it, how it gets out. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import { service as notificationService } from '@quadrille/notification-service';
import { MAIL_ATTEMPTS_MAX } from '@quadrille/notification-service/src/domain/decide';
import type {
  Kind,
  Notification,
  NotificationCommand,
  NotificationState,
} from '@quadrille/notification-service/src/domain/notification';
import { eventOf } from '../model/saga';
import { answered, type Asked } from './asked';

type Table = typeof notificationService;
type Message = DomainEvent<keyof Table['hears']> | NotificationCommand;

const ADDRESS = 'customer@example.com';

/** What a customer is told about an event. */
export interface Telling {
  readonly event: EventType;
  readonly kind: Kind;
  readonly subject: string;
  /** Nothing is told when one of these was told before. */
  readonly silencedBy: readonly Kind[];
}

const nothingTold: NotificationState = { told: new Map(), address: ADDRESS };

const toldBefore = (kind: Kind, notification: Notification): NotificationState => ({
  ...nothingTold,
  told: new Map([[kind, notification]]),
});

const heardBy = (table: Table) => Object.keys(table.hears) as EventType[]; // the keys of `hears` are event types by its type

/**
 * What is told about every event: the table is asked with nothing told before, and with each other kind told before.
 */
export function tellings(table: Table = notificationService): Telling[] {
  const decide = decideBy(table);
  const told = heardBy(table).map((event) => {
    const message = eventOf(event) as Message; // an event of the table's own keys
    const [notification] = decide(nothingTold, message).state.told.values();
    if (!notification) throw new Error(`nothing is told about ${event}`);
    return { event, message, notification };
  });
  return told.map(({ event, message, notification: { kind, subject } }) => ({
    event,
    kind,
    subject,
    silencedBy: told
      .filter((other) => other.notification.kind !== kind)
      .filter((other) => {
        const before = toldBefore(other.notification.kind, other.notification);
        return decide(before, message).state === before;
      })
      .map((other) => other.notification.kind),
  }));
}

/** How far the telling of one kind has come. */
const progressOf = (notification: Notification | undefined) =>
  notification === undefined ? 'NOT TOLD' : notification.sent ? 'TOLD' : 'MAIL ON ITS WAY';

/** A kind, and all that may be known of it before. */
function notificationsOf(kind: Kind): readonly (Notification | undefined)[] {
  const mailed: Notification = {
    customerId: 'customer',
    kind,
    subject: '',
    message: undefined,
    channel: 'smtp',
    attempts: 1,
    sent: false,
    wake: null,
    overdue: true,
  };
  return [undefined, mailed, { ...mailed, attempts: MAIL_ATTEMPTS_MAX }, { ...mailed, sent: true }];
}

const factsOf = (notification: Notification | undefined, address: string | undefined) => ({
  address: address === undefined ? 'no address is known' : 'an address is known',
  attempts: (notification?.attempts ?? 0) < MAIL_ATTEMPTS_MAX ? 'attempts are left' : 'no attempts are left',
});

/** What brings news of a kind, and what is said about it later. */
const messagesOf = (kind: Kind, news: Message): readonly Message[] => [
  news,
  { type: 'MailSent', kind },
  { type: 'MailOverdue', kind },
];

/** What notification-service decides about every kind in every state, and every message that concerns it. */
export function askNotification(table: Table = notificationService): Asked[] {
  const decide = decideBy(table);
  const direct: Message = { type: 'Notify', customerId: 'customer', subject: '', message: '' };
  const sources: readonly (readonly [Kind, Message])[] = [
    ...tellings(table).map(({ kind, event }) => [kind, eventOf(event) as Message] as const), // as above
    ['DIRECT', direct],
  ];
  return sources.flatMap(([kind, news]) =>
    notificationsOf(kind).flatMap((notification) =>
      [ADDRESS, undefined].flatMap((address) => {
        const before: NotificationState = { told: new Map(notification ? [[kind, notification]] : []), address };
        return messagesOf(kind, news).map((message) => {
          const decision = decide(before, message);
          const question = {
            state: progressOf(notification),
            message: message.type,
            facts: factsOf(notification, address),
          };
          const outcome = decision.outcome.replace(kind, 'KIND');
          return answered(question, before, { ...decision, outcome }, progressOf(decision.state.told.get(kind)));
        });
      }),
    ),
  );
}
