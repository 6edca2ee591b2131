/** When a mail is sent again: decided with its notification, as data. */
import { decideBy } from '@quadrille/service-chassis';
import { dueInMs } from '@quadrille/service-chassis/src/database/due-times';
import { envelop } from '@quadrille/shared-events';
import { service } from '../service';
import { MAIL_ATTEMPTS_MAX, MAIL_PAUSE_MAX_MS } from './decide';
import type { Notification, NotificationState } from './notification';

const decide = decideBy(service);

const data = { orderId: 'order-1', customerId: 'customer-1', totalMinor: 4_000, currency: 'USD' };
const stamp = { id: 'id', time: '2026-11-21T12:00:00.000Z' };
const orderConfirmed = envelop('OrderConfirmed', data, stamp);
const orderCompleted = envelop('OrderCompleted', { orderId: 'order-1', customerId: 'customer-1' }, stamp);
const mailSent = { type: 'MailSent', kind: 'CONFIRMED' } as const;
const mailOverdue = { type: 'MailOverdue', kind: 'CONFIRMED' } as const;
const ADDRESS = 'ada@shop.example';

const KEPT = { kind: 'kept' } as const;
const mail = (changes: Partial<Notification> = {}): Notification => ({
  customerId: 'customer-1',
  kind: 'CONFIRMED',
  subject: 's',
  channel: 'smtp',
  message: undefined,
  attempts: 1,
  sent: false,
  wake: KEPT,
  overdue: true,
  ...changes,
});
const stateOf = (notification?: Notification): NotificationState => ({
  told: new Map(notification ? [[notification.kind, notification]] : []),
  address: ADDRESS,
});
const wakeOf = (state: NotificationState) => state.told.get('CONFIRMED')?.wake;

test('a mail is tried again after the healing time, and what is told by the log never', () => {
  const first = { kind: 'nudge', doublings: 0, maxMs: MAIL_PAUSE_MAX_MS };
  expect(wakeOf(decide(stateOf(), orderConfirmed).state)).toEqual(first);
  const nowhere: NotificationState = { told: new Map(), address: undefined };
  expect(wakeOf(decide(nowhere, orderConfirmed).state)).toBeNull();
});

test('its pauses begin with 30 s by default, double with every try, and are an hour at most', () => {
  const pauses: (number | null)[] = [];
  let { state } = decide(stateOf(), orderConfirmed);
  for (let attempt = 1; attempt < MAIL_ATTEMPTS_MAX; attempt++) {
    const notification = state.told.get('CONFIRMED');
    if (!notification) throw new Error('the notification vanished');
    pauses.push(dueInMs(notification.wake, { healingAfterMs: 30_000, keptInMs: null }));
    state = decide(stateOf({ ...notification, overdue: true }), mailOverdue).state;
  }
  const minutes = pauses.map((pauseMs) => (pauseMs ?? 0) / 60_000);
  expect(minutes).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
});

test('a mail that is out, or given up, waits for nothing', () => {
  expect(wakeOf(decide(stateOf(mail()), mailSent).state)).toBeNull();
  expect(wakeOf(decide(stateOf(mail({ attempts: MAIL_ATTEMPTS_MAX })), mailOverdue).state)).toBeNull();
  expect(wakeOf(decide({ ...stateOf(mail()), address: undefined }, mailOverdue).state)).toBeNull();
});

test('a mail is due when it was, whatever else is told or asked meanwhile', () => {
  expect(wakeOf(decide(stateOf(mail()), orderCompleted).state)).toBe(KEPT);
  expect(wakeOf(decide(stateOf(mail()), orderConfirmed).state)).toBe(KEPT);
  expect(wakeOf(decide(stateOf(mail({ overdue: false })), mailOverdue).state)).toBe(KEPT);
});
