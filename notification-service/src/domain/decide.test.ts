import { decideBy } from '@quadrille/service-chassis';
import { envelop, type DomainEvent, type EventData, type EventType } from '@quadrille/shared-events';
import fc from 'fast-check';
import { service, type Heard } from '../service';
import { MAIL_ATTEMPTS_MAX } from './decide';
import type { Kind, Notification, NotificationState } from './notification';

const decide = decideBy(service);

const who = { orderId: 'order-1', customerId: 'customer-1' };
const money = { totalMinor: 4_000, currency: 'USD' };
const event = <Type extends EventType>(type: Type, data: EventData<Type>) =>
  envelop(type, data, { id: `id-${type}`, time: '2026-11-21T12:00:00.000Z' });

const heard: { readonly [Type in Heard]: DomainEvent<Type> } = {
  PaymentProcessed: event('PaymentProcessed', { ...who, paymentId: 'payment-1', ...money, attempts: 1 }),
  OrderConfirmed: event('OrderConfirmed', { ...who, ...money }),
  OrderCompleted: event('OrderCompleted', who),
  InventoryUnavailable: event('InventoryUnavailable', {
    ...who,
    reason: 'OUT_OF_STOCK',
    lines: [{ productId: 'mug', quantity: 2, quantityAvailable: 1, unitPriceMinor: 1_000 }],
  }),
  PaymentFailed: event('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' }),
  OrderCancelled: event('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' }),
  PaymentRefunded: event('PaymentRefunded', { ...who, paymentId: 'payment-1', ...money }),
};
// Object.keys is typed string[]; these are the keys of the table.
const types = Object.keys(heard) as Heard[];

const kindOf = {
  PaymentProcessed: 'PAYMENT_RECEIVED',
  OrderConfirmed: 'CONFIRMED',
  OrderCompleted: 'COMPLETED',
  InventoryUnavailable: 'REJECTED',
  PaymentFailed: 'FAILED',
  OrderCancelled: 'CANCELLED',
  PaymentRefunded: 'REFUNDED',
} as const satisfies Record<Heard, Kind>;
const kinds = Object.values(kindOf);

const notification = (kind: Kind, changes: Partial<Notification> = {}): Notification => ({
  customerId: 'customer-1',
  kind,
  subject: 'a subject',
  channel: 'log',
  message: undefined,
  attempts: 0,
  sent: true,
  wake: null,
  overdue: false,
  ...changes,
});
const state = (told: readonly Notification[] = [], address?: string): NotificationState => ({
  told: new Map(told.map((each) => [each.kind, each])),
  address,
});

const cells = types.flatMap((type) => [undefined, ...kinds].map((earlier) => [type, earlier] as const));

test.each(cells)('%s, after %s was told', (type, earlier) => {
  const before = state(earlier ? [notification(earlier)] : []);
  const decision = decide(before, heard[type]);
  const kind = kindOf[type];
  const silenced = earlier === 'CANCELLED' && ['CONFIRMED', 'REJECTED', 'FAILED'].includes(kind);
  const expected = earlier === kind || silenced ? [...before.told.keys()] : [...before.told.keys(), kind];
  expect([...decision.state.told.keys()]).toEqual(expected);
  expect(decision.effects.map((effect) => effect.type)).toEqual(
    expected.includes(kind) && earlier !== kind ? ['WriteLog'] : [],
  );
  if (earlier === kind || silenced) expect(decision.state).toBe(before);
  expect(decision.events).toEqual([]);
});

test('whatever arrives, however often, each kind is told at most once, and told for good', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...types)), (deliveries) => {
      let current = state();
      const said: Kind[] = [];
      for (const type of deliveries) {
        const { state: next, effects } = decide(current, heard[type]);
        said.push(...effects.map(({ kind }) => kind));
        for (const [kind, told] of current.told) expect(next.told.get(kind)).toBe(told);
        current = next;
      }
      expect(said).toEqual([...new Set(said)]);
      expect(said.sort()).toEqual([...current.told.keys()].sort());
      expect(current.told.has('REFUNDED')).toBe(deliveries.includes('PaymentRefunded'));
      expect(current.told.has('CANCELLED')).toBe(deliveries.includes('OrderCancelled'));
    }),
  );
});

const ADDRESS = 'ada@shop.example';
const pending = (changes: Partial<Notification> = {}) =>
  notification('CONFIRMED', { channel: 'smtp', attempts: 1, sent: false, ...changes });
const sendMail = { type: 'SendMail', kind: 'CONFIRMED', to: ADDRESS };
const writeLog = { type: 'WriteLog', kind: 'CONFIRMED', customerId: 'customer-1' };

test('with an address it is a mail, sent when the mail server says so', () => {
  const asked = decide(state([], ADDRESS), heard.OrderConfirmed);
  expect(asked.effects).toEqual([sendMail]);
  expect(asked.state.told.get('CONFIRMED')).toMatchObject({ channel: 'smtp', attempts: 1, sent: false });
  const sent = decide(asked.state, { type: 'MailSent', kind: 'CONFIRMED' });
  expect(sent.state.told.get('CONFIRMED')).toMatchObject({ sent: true, attempts: 1 });
  expect(decide(sent.state, { type: 'MailSent', kind: 'CONFIRMED' }).state).toBe(sent.state);
});

test.each([
  ['not due yet', pending(), ADDRESS, { attempts: 1, sent: false, channel: 'smtp' }, []],
  ['overdue', pending({ overdue: true }), ADDRESS, { attempts: 2, sent: false, channel: 'smtp' }, [sendMail]],
  ['sent meanwhile', pending({ overdue: true, sent: true }), ADDRESS, { attempts: 1, sent: true }, []],
  [
    'overdue after the last try',
    pending({ overdue: true, attempts: MAIL_ATTEMPTS_MAX }),
    ADDRESS,
    { attempts: MAIL_ATTEMPTS_MAX, sent: true, channel: 'log' },
    [writeLog],
  ],
  [
    'overdue, and the mail server is gone for good',
    pending({ overdue: true }),
    undefined,
    { sent: true, channel: 'log' },
    [writeLog],
  ],
])('a mail that is %s', (_case, before, address, after, effects) => {
  const decision = decide(state([before], address), { type: 'MailOverdue', kind: 'CONFIRMED' });
  expect(decision.state.told.get('CONFIRMED')).toMatchObject(after);
  expect(decision.effects).toMatchObject(effects);
});

test.each(['MailSent', 'MailOverdue'] as const)('%s of nothing changes nothing', (type) => {
  const before = state();
  expect(decide(before, { type, kind: 'CONFIRMED' }).state).toBe(before);
});

test('a notification about no order is told once', () => {
  const notify = { type: 'Notify', customerId: 'customer-1', subject: 'Hello', message: 'You have mail.' } as const;
  const told = decide(state(), notify);
  expect(told.state.told.get('DIRECT')).toMatchObject({ subject: 'Hello', message: 'You have mail.', sent: true });
  expect(decide(told.state, notify).state).toBe(told.state);
});
