/** The decisions of notification-service: whether this is news to the customer, and how it reaches them. */
import type { Decision, Wake } from '@quadrille/service-chassis';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import type { Effect, Kind, Notification, NotificationCommand, NotificationState, Text } from './notification';

/** What notification-service decides. It publishes nothing. */
export type NotificationDecision = Decision<NotificationState, Effect, NotificationCommand>;

/**
 * Tries to send one mail. With pauses from 30 s that double up to an hour, they last about six hours: longer than most
 * outages of a mail server, short enough that the news is still news.
 */
export const MAIL_ATTEMPTS_MAX = 12;

/** Longest pause between two tries of the same mail, in milliseconds. */
export const MAIL_PAUSE_MAX_MS = 3_600_000;

/** A mail that is not out is tried again after the healing time, doubled with every try after the first. */
const tryAgainAfter = (attempts: number): Wake => ({
  kind: 'nudge',
  doublings: attempts - 1,
  maxMs: MAIL_PAUSE_MAX_MS,
});

const unchanged = (state: NotificationState, why: string): NotificationDecision => ({
  state,
  outcome: `unchanged: ${why}`,
  events: [],
  effects: [],
  delayed: [],
});

const decided = (
  state: NotificationState,
  notification: Notification,
  outcome: string,
  effects: readonly Effect[],
): NotificationDecision => ({
  state: { ...state, told: new Map(state.told).set(notification.kind, notification) },
  outcome,
  events: [],
  effects,
  delayed: [],
});

const writeLog = ({ kind, customerId, subject }: Notification): Effect => ({
  type: 'WriteLog',
  kind,
  customerId,
  subject,
});

/** Tells a customer something new: by mail where there is an address, by the log where there is none. */
function send(
  state: NotificationState,
  customerId: string,
  kind: Kind,
  { subject, message }: Text,
): NotificationDecision {
  const { address } = state;
  const common = { customerId, kind, subject, message, overdue: false };
  if (address === undefined) {
    const logged: Notification = { ...common, channel: 'log', attempts: 0, sent: true, wake: null };
    return decided(state, logged, `told: ${kind}`, [writeLog(logged)]);
  }
  const mailed: Notification = { ...common, channel: 'smtp', attempts: 1, sent: false, wake: tryAgainAfter(1) };
  return decided(state, mailed, `told: ${kind}`, [{ type: 'SendMail', kind, to: address }]);
}

/** A row of the table: this event is told as this kind, once; not at all when one of `after` was told before. */
export const tell =
  <Type extends EventType>(
    kind: Exclude<Kind, 'DIRECT'>,
    textOf: (data: DomainEvent<Type>['data']) => Text,
    after: readonly Kind[] = [],
  ) =>
  (state: NotificationState, { data }: DomainEvent<Type>): NotificationDecision => {
    if (state.told.has(kind)) return unchanged(state, `${kind} was told already`);
    const silencing = after.find((earlier) => state.told.has(earlier));
    if (silencing) return unchanged(state, `${silencing} was told before`);
    return send(state, data.customerId, kind, textOf(data));
  };

/** Somebody has something to say that is about no order. */
export function notify(
  state: NotificationState,
  { customerId, subject, message }: Extract<NotificationCommand, { type: 'Notify' }>,
): NotificationDecision {
  if (state.told.has('DIRECT')) return unchanged(state, 'DIRECT was told already');
  return send(state, customerId, 'DIRECT', { subject, message });
}

/** The mail server has taken the mail. */
export function recordMailSent(
  state: NotificationState,
  { kind }: Extract<NotificationCommand, { type: 'MailSent' }>,
): NotificationDecision {
  const notification = state.told.get(kind);
  if (!notification) return unchanged(state, 'no such notification');
  if (notification.sent) return unchanged(state, 'sent already');
  return decided(state, { ...notification, sent: true, wake: null, overdue: false }, 'mail sent', []);
}

/** A mail that is not out in time is sent again; after the last attempt, or without an address, it goes to the log. */
export function resendMail(
  state: NotificationState,
  { kind }: Extract<NotificationCommand, { type: 'MailOverdue' }>,
): NotificationDecision {
  const notification = state.told.get(kind);
  if (!notification) return unchanged(state, 'no such notification');
  if (notification.sent) return unchanged(state, 'sent already');
  if (!notification.overdue) return unchanged(state, 'not due');
  const { address } = state;
  if (address === undefined || notification.attempts >= MAIL_ATTEMPTS_MAX) {
    const logged: Notification = { ...notification, channel: 'log', sent: true, wake: null, overdue: false };
    return decided(state, logged, 'mail given up: logged instead', [writeLog(logged)]);
  }
  const attempts = notification.attempts + 1;
  const again = { ...notification, attempts, wake: tryAgainAfter(attempts), overdue: false };
  return decided(state, again, 'mail sent again', [{ type: 'SendMail', kind, to: address }]);
}
