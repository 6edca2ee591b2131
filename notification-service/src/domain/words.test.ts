/** What the decisions about notifications say, to the letter: the next state, effects, and the words of each outcome. */
import { decideBy } from '@quadrille/service-chassis';
import { envelop } from '@quadrille/shared-events';
import { service } from '../service';
import { MAIL_ATTEMPTS_MAX, MAIL_PAUSE_MAX_MS } from './decide';
import type { Effect, Notification, NotificationState } from './notification';
import { confirmed } from './texts';

const decide = decideBy(service);

const data = { orderId: 'order-1', customerId: 'customer-1', totalMinor: 4_000, currency: 'USD' };
const orderConfirmed = envelop('OrderConfirmed', data, { id: 'id', time: '2026-11-21T12:00:00.000Z' });
const { subject, message } = confirmed(data);
const told = (changes: Partial<Notification>): Notification => ({
  customerId: 'customer-1',
  kind: 'CONFIRMED',
  subject,
  channel: 'smtp',
  message,
  attempts: 1,
  sent: false,
  wake:
    changes.sent === true ? null : { kind: 'nudge', doublings: (changes.attempts ?? 1) - 1, maxMs: MAIL_PAUSE_MAX_MS },
  overdue: false,
  ...changes,
});
const logged = { channel: 'log', attempts: 0, sent: true } as const;
const ADDRESS = 'ada@shop.example';
const sendMail: Effect = { type: 'SendMail', kind: 'CONFIRMED', to: ADDRESS };
const writeLog: Effect = { type: 'WriteLog', kind: 'CONFIRMED', customerId: 'customer-1', subject };
const mailSent = { type: 'MailSent', kind: 'CONFIRMED' } as const;
const mailOverdue = { type: 'MailOverdue', kind: 'CONFIRMED' } as const;
const last = MAIL_ATTEMPTS_MAX;

const state = (notification?: Notification, address?: string): NotificationState => ({
  told: new Map(notification ? [[notification.kind, notification]] : []),
  address,
});

const cases: readonly (readonly [
  before: Notification | undefined,
  address: string | undefined,
  message: Parameters<typeof decide>[1],
  outcome: string,
  after: Notification | undefined,
  ...effects: readonly Effect[],
])[] = [
  [undefined, undefined, orderConfirmed, 'told: CONFIRMED', told(logged), writeLog],
  [undefined, ADDRESS, orderConfirmed, 'told: CONFIRMED', told({}), sendMail],
  [told({}), ADDRESS, orderConfirmed, 'unchanged: CONFIRMED was told already', told({})],
  [undefined, ADDRESS, mailSent, 'unchanged: no such notification', undefined],
  [told({ overdue: true }), ADDRESS, mailSent, 'mail sent', told({ sent: true })],
  [told({ sent: true }), ADDRESS, mailSent, 'unchanged: sent already', told({ sent: true })],
  [undefined, ADDRESS, mailOverdue, 'unchanged: no such notification', undefined],
  [told({ sent: true }), ADDRESS, mailOverdue, 'unchanged: sent already', told({ sent: true })],
  [told({}), ADDRESS, mailOverdue, 'unchanged: not due', told({})],
  [told({ overdue: true }), ADDRESS, mailOverdue, 'mail sent again', told({ attempts: 2 }), sendMail],
  [
    told({ overdue: true, attempts: last - 1 }),
    ADDRESS,
    mailOverdue,
    'mail sent again',
    told({ attempts: last }),
    sendMail,
  ],
  [
    told({ overdue: true, attempts: last }),
    ADDRESS,
    mailOverdue,
    'mail given up: logged instead',
    told({ channel: 'log', attempts: last, sent: true }),
    writeLog,
  ],
];

for (const [before, address, given, outcome, after, ...effects] of cases) {
  test(`${JSON.stringify(before)}, with the address ${String(address)}, hears ${given.type}: ${outcome}`, () => {
    expect(decide(state(before, address), given)).toEqual({
      state: state(after, address),
      outcome,
      events: [],
      effects,
      delayed: [],
    });
  });
}

test('what was told before silences, and is named', () => {
  const { outcome } = decide(state(told({ kind: 'CANCELLED' })), orderConfirmed);
  expect(outcome).toBe('unchanged: CANCELLED was told before');
});

test('a notification about no order is told once, and that is said', () => {
  const notify = { type: 'Notify', customerId: 'customer-1', subject, message } as const;
  const first = decide(state(), notify);
  expect(first.outcome).toBe('told: DIRECT');
  expect(decide(first.state, notify).outcome).toBe('unchanged: DIRECT was told already');
});
