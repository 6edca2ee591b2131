import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import fc from 'fast-check';
import { service, type Heard } from '../service';
import { MAIL_ATTEMPTS_MAX } from './decide';
import type { Kind } from './notification';
import {
  ADDRESS,
  customer,
  inventoryUnavailable,
  logLine,
  mail,
  mailOverdue,
  mailSent,
  notify,
  orderCancelled,
  orderCompleted,
  orderConfirmed,
  paymentFailed,
  paymentProcessed,
  paymentRefunded,
  sendMail,
  writeLog,
} from '../../test/builders';

const decide = decideBy(service);

const heard: { readonly [Type in Heard]: DomainEvent<Type> } = {
  PaymentProcessed: paymentProcessed(),
  OrderConfirmed: orderConfirmed(),
  OrderCompleted: orderCompleted(),
  InventoryUnavailable: inventoryUnavailable(),
  PaymentFailed: paymentFailed(),
  OrderCancelled: orderCancelled(),
  PaymentRefunded: paymentRefunded(),
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

const cells = types.flatMap((type) =>
  [undefined, ...kinds].map((earlier) => [type, earlier ?? 'nothing', earlier] as const),
);

test.each(cells)('on %s, after the customer was told %s', (type, _earlier, earlier) => {
  const before = customer({ told: earlier ? [logLine({ kind: earlier })] : [] });
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
      let current = customer();
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

test('with an address it is a mail, sent when the mail server says so', () => {
  const asked = decide(customer({ address: ADDRESS }), heard.OrderConfirmed);
  expect(asked.effects).toEqual([sendMail()]);
  expect(asked.state.told.get('CONFIRMED')).toMatchObject({ channel: 'smtp', attempts: 1, sent: false });
  const sent = decide(asked.state, mailSent());
  expect(sent.state.told.get('CONFIRMED')).toMatchObject({ sent: true, attempts: 1 });
  expect(decide(sent.state, mailSent()).state).toBe(sent.state);
});

test.each([
  ['not due yet', mail(), ADDRESS, { attempts: 1, sent: false, channel: 'smtp' }, []],
  ['overdue', mail({ overdue: true }), ADDRESS, { attempts: 2, sent: false, channel: 'smtp' }, [sendMail()]],
  ['sent meanwhile', mail({ overdue: true, sent: true }), ADDRESS, { attempts: 1, sent: true }, []],
  [
    'overdue after the last try',
    mail({ overdue: true, attempts: MAIL_ATTEMPTS_MAX }),
    ADDRESS,
    { attempts: MAIL_ATTEMPTS_MAX, sent: true, channel: 'log' },
    [writeLog()],
  ],
  [
    'overdue, and the mail server is gone for good',
    mail({ overdue: true }),
    undefined,
    { sent: true, channel: 'log' },
    [writeLog()],
  ],
])('a mail that is %s', (_case, before, address, after, effects) => {
  const decision = decide(customer({ told: [before], ...(address === undefined ? {} : { address }) }), mailOverdue());
  expect(decision.state.told.get('CONFIRMED')).toMatchObject(after);
  expect(decision.effects).toMatchObject(effects);
});

test.each([mailSent(), mailOverdue()])('$type of nothing changes nothing', (message) => {
  const before = customer();
  expect(decide(before, message).state).toBe(before);
});

test('a notification about no order is told once', () => {
  const told = decide(customer(), notify());
  expect(told.state.told.get('DIRECT')).toMatchObject({ subject: 'Hello', message: 'You have mail.', sent: true });
  expect(decide(told.state, notify()).state).toBe(told.state);
});
