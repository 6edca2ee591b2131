import { stripVTControlCharacters } from 'node:util';
import type { ServiceTable } from '@quadrille/service-chassis';
import { specify } from './decision-specification';
import { eventBuilder } from './event-builder';

const who = { orderId: 'order-1', customerId: 'customer-1' };
const orderConfirmed = eventBuilder('OrderConfirmed', { ...who, totalMinor: 2_000, currency: 'USD' });
const orderCompleted = eventBuilder('OrderCompleted', who);

/** A service as small as can be: it packs a confirmed order, hands it over an hour later, and counts what it packed. */
interface Parcel {
  readonly status: 'WANTED' | 'PACKED' | 'HANDED_OVER';
  readonly packed: number;
}
interface Command {
  readonly type: 'HandOver' | 'Copy';
}
interface Effect {
  readonly type: 'PrintLabel';
  readonly orderId: string;
}
const nothing = { events: [], effects: [], delayed: [] };
const table: ServiceTable<Parcel, 'OrderConfirmed', Command, Effect> = {
  name: 'parcel-service',
  hears: {
    OrderConfirmed: (parcel, { data }) =>
      parcel.status === 'WANTED'
        ? {
            state: { status: 'PACKED', packed: parcel.packed + 1 },
            outcome: 'packed',
            events: [],
            effects: [{ type: 'PrintLabel', orderId: data.orderId }],
            delayed: [{ delayMs: 3_600_000, message: { type: 'HandOver' } }],
          }
        : { ...nothing, state: parcel, outcome: 'unchanged: packed already' },
  },
  inputs: {
    HandOver: (parcel) => ({
      ...nothing,
      state: { ...parcel, status: 'HANDED_OVER' },
      outcome: 'handed over',
      events: [{ type: 'OrderCompleted', data: who }],
    }),
    Copy: (parcel) => ({ ...nothing, state: { ...parcel }, outcome: 'unchanged: copied' }),
  },
  lingers: [],
  lowPriority: [],
  publishes: ['OrderCompleted'],
  delaysMs: [3_600_000],
};

const given = specify(table);
const givenWhereabouts = specify(table, ({ status }) => ({
  where: status === 'HANDED_OVER' ? 'with the customer' : 'in the house',
}));
const wanted: Parcel = { status: 'WANTED', packed: 0 };
const packed: Parcel = { status: 'PACKED', packed: 1 };
const printLabel: Effect = { type: 'PrintLabel', orderId: 'order-1' };
const inAnHour = { delayMs: 3_600_000, message: { type: 'HandOver' } } as const;
const asItIs = { ...packed, performs: [printLabel], schedules: [inAnHour], outcome: 'packed' };

/** What a sentence that does not hold says, without colours. */
function complaintOf(sentence: () => void): string {
  try {
    sentence();
  } catch (error) {
    if (error instanceof Error) return stripVTControlCharacters(error.message);
  }
  return 'no complaint';
}

test('a sentence that names everything that follows holds', () => {
  given(wanted).hears(orderConfirmed()).then(asItIs);
  given(packed)
    .receives({ type: 'HandOver' })
    .then({ status: 'HANDED_OVER', publishes: [orderCompleted()], outcome: 'handed over' });
  given(packed).hears(orderConfirmed()).thenNothing('unchanged: packed already');
});

test('a sentence that does not hold names the service, the message, and what was specified and decided', () => {
  const complaint = complaintOf(() => {
    given(wanted)
      .hears(orderConfirmed())
      .then({ ...asItIs, status: 'HANDED_OVER' });
  });
  expect(complaint).toContain('parcel-service hears OrderConfirmed: specified is what is marked -, decided what is');
  expect(complaint).toContain('-     "status": "HANDED_OVER"');
  expect(complaint).toContain('+     "status": "PACKED"');
});

test.each([
  ['a field that changes is not named', { packed: 0 }, '+     "packed": 1'],
  ['the outcome is another', { outcome: 'wrapped' }, '-   "outcome": "wrapped"'],
  ['an effect is not named', { performs: [] }, '+       "type": "PrintLabel"'],
  ['an effect is another', { performs: [{ ...printLabel, orderId: 'order-2' }] }, '-       "orderId": "order-2"'],
  ['a message to itself is not named', { schedules: [] }, '+       "delayMs": 3600000'],
  ['the delay is another', { schedules: [{ ...inAnHour, delayMs: 1 }] }, '-       "delayMs": 1'],
  ['an event is named that is not published', { publishes: [orderCompleted()] }, '-       "type": "OrderCompleted"'],
])('a sentence does not hold when %s', (_case, mistake, difference) => {
  const complaint = complaintOf(() => {
    given(wanted)
      .hears(orderConfirmed())
      .then({ ...asItIs, ...mistake });
  });
  expect(complaint).toContain(difference);
});

test('a sentence does not hold when an event is not named, or has other data', () => {
  const handOver = { status: 'HANDED_OVER', outcome: 'handed over' } as const;
  const sentence = given(packed).receives({ type: 'HandOver' });
  expect(
    complaintOf(() => {
      sentence.then(handOver);
    }),
  ).toContain('+       "type": "OrderCompleted"');
  expect(
    complaintOf(() => {
      sentence.then({ ...handOver, publishes: [orderCompleted({ customerId: 'customer-2' })] });
    }),
  ).toContain('-         "customerId": "customer-2"');
});

test('nothing is not what follows when something does, or when the state was copied for no reason', () => {
  const complaint = complaintOf(() => {
    given(wanted).hears(orderConfirmed()).thenNothing('packed');
  });
  expect(complaint).toContain('+     "status": "PACKED"');
  const copied = complaintOf(() => {
    given(packed).receives({ type: 'Copy' }).thenNothing('unchanged: copied');
  });
  expect(copied).toContain('+   "savesState": true');
});

test('the failure points to the test, not into the language', () => {
  let failure: unknown;
  try {
    given(packed).hears(orderConfirmed()).thenNothing('packed');
  } catch (error) {
    failure = error;
  }
  const [place] = failure instanceof Error ? (failure.stack?.match(/\n {4}at .*/) ?? []) : [];
  expect(place).toContain('decision-specification.test.ts');
});

test('a sentence without its end fails its test, for nothing was expected', () => {
  expect(expect.getState().isExpectingAssertions).toBe(true);
});

test('sentences can name other fields than those of the state', () => {
  givenWhereabouts(packed)
    .receives({ type: 'HandOver' })
    .then({
      where: 'with the customer',
      publishes: [orderCompleted()],
      outcome: 'handed over',
    });
});
