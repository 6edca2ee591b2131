/** The wiring of notification-service: its table, store, delivery and overdue query, on given servers. */
import type { Foundation, ParticipantOptions } from '@quadrille/service-chassis';
import { createNotificationStore, overdueMails } from './adapters/database/notification-store';
import { createDelivery, type MailDelivery } from './adapters/mail/deliver';
import type { Config } from './config';
import type { Effect, NotificationCommand, NotificationState } from './domain/notification';
import { service, type Heard } from './service';

/** What the wiring is given. */
export interface NotificationWiring extends Foundation {
  readonly settings: Pick<Config, 'RABBITMQ_URL' | 'HEALING_AFTER_MS'>;
  /** How mail is sent; without it every customer is told by the log. */
  readonly mail: MailDelivery | undefined;
}

/** Puts together what the participant of notification-service is created from. */
export function wireNotificationService({
  settings,
  mail,
  ...foundation
}: NotificationWiring): ParticipantOptions<NotificationState, Heard, NotificationCommand, Effect> {
  return {
    ...foundation,
    table: service,
    config: settings,
    store: createNotificationStore({ mail: mail !== undefined, firstPauseMs: settings.HEALING_AFTER_MS }),
    perform: createDelivery({ log: foundation.log, mail }),
    overdue: (limit) => overdueMails(foundation.pool, limit),
  };
}
