import { explain } from './explain';
import type { Moment, ServiceQueues, StuckFacts } from './facts';

const inSeconds = (seconds: number): Moment => ({
  at: new Date(Date.UTC(2026, 10, 22, 3, 0, 0) + seconds * 1_000),
  inSeconds: seconds,
});

const order = (changes: Partial<NonNullable<StuckFacts['order']>> = {}): NonNullable<StuckFacts['order']> => ({
  status: 'PENDING',
  settled: false,
  inventory: 'none',
  payment: 'none',
  nudges: 1,
  changed: inSeconds(-40),
  deadline: inSeconds(260),
  due: inSeconds(20),
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01',
  ...changes,
});
const reservation = (status: string): NonNullable<StuckFacts['reservation']> => ({
  status,
  nudges: 1,
  changed: inSeconds(-39),
  due: status === 'RESERVED' ? inSeconds(21) : undefined,
});
const payment = (status: string, due?: Moment): NonNullable<StuckFacts['payment']> => ({
  status,
  attempt: 2,
  tries: 3,
  changed: inSeconds(-38),
  due,
});
const facts = (changes: Partial<StuckFacts>): StuckFacts => ({
  orderId: 'order-1',
  order: order(),
  reservation: undefined,
  payment: undefined,
  mails: [],
  rows: [],
  parked: [],
  ...changes,
});
const cancelled = order({ status: 'CANCELLED', inventory: 'reserved' });
const queues: readonly ServiceQueues[] = [];
const waitsFor = (changes: Partial<StuckFacts>) => explain(facts(changes), queues).waitsFor;

test.each([
  [{}, 'inventory-service, to hear OrderCreated'],
  [{ reservation: reservation('UNAVAILABLE') }, 'order-service, to hear InventoryUnavailable'],
  [{ reservation: reservation('RESERVED') }, 'payment-service, to hear InventoryReserved'],
  [
    { reservation: reservation('RESERVED'), payment: payment('CHARGING', inSeconds(2)) },
    'the bank, to answer charge attempt 2',
  ],
  [
    { reservation: reservation('RESERVED'), payment: payment('RETRY_WAIT', inSeconds(2)) },
    'payment-service, to make charge attempt 3',
  ],
  [
    { reservation: reservation('RESERVED'), payment: payment('RESOLVING', inSeconds(2)) },
    'the bank, to say what became of the charge (asked 4 times)',
  ],
  [{ reservation: reservation('RESERVED'), payment: payment('SUCCEEDED') }, 'order-service, to hear PaymentProcessed'],
  [{ reservation: reservation('RELEASED'), payment: payment('FAILED') }, 'order-service, to hear PaymentFailed'],
  [
    { order: cancelled, reservation: reservation('RESERVED'), payment: payment('SUCCEEDED') },
    'payment-service, to hear OrderCancelled',
  ],
  [
    { order: cancelled, reservation: reservation('RELEASED'), payment: payment('REFUND_PENDING', inSeconds(9)) },
    'the bank, to refund (asked 4 times)',
  ],
  [
    { order: { ...cancelled, payment: 'over' }, reservation: reservation('RESERVED'), payment: payment('REFUNDED') },
    'inventory-service, to hear OrderCancelled',
  ],
  [
    { order: { ...cancelled, payment: 'over' }, reservation: reservation('RELEASED'), payment: payment('REFUNDED') },
    'order-service, to hear InventoryReleased',
  ],
  [
    {
      order: order({ status: 'FAILED', payment: 'over' }),
      reservation: reservation('RESERVED'),
      payment: payment('FAILED'),
    },
    'inventory-service, to hear PaymentFailed',
  ],
  [
    {
      order: order({ status: 'CONFIRMED', settled: true }),
      reservation: reservation('RESERVED'),
      payment: payment('SUCCEEDED'),
    },
    'inventory-service, to hear what became of the order',
  ],
] satisfies [Partial<StuckFacts>, string][])('%#: waits for %s', (changes, expected) => {
  expect(waitsFor(changes)).toBe(expected);
});

test('what heals comes in the order of its time, and what should have come is said so', () => {
  const found = explain(
    facts({
      reservation: reservation('RESERVED'),
      payment: payment('RETRY_WAIT', inSeconds(-7)),
      rows: [
        {
          service: 'payment-service',
          type: 'PaymentAttemptFailed',
          tries: 2,
          written: inSeconds(-9),
          available: inSeconds(3),
        },
      ],
    }),
    queues,
  );
  expect(found.heals).toEqual([
    'the sweeper retries in place of a lost timer, due since 02:59:53 UTC, 7 s ago',
    'the relay of payment-service publishes PaymentAttemptFailed (tried 2 times), at 03:00:03 UTC, in 3 s',
    'order-service asks again (nudge 2), at 03:00:20 UTC, in 20 s',
    'inventory-service asks again (nudge 2), at 03:00:21 UTC, in 21 s',
    'its deadline: CANCELLED, at 03:04:20 UTC, in 260 s',
  ]);
  expect(found).toMatchObject({ waitingSeconds: 38, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
});

test('what is in the way: a parked message, and a service that takes nothing', () => {
  const parked = {
    service: 'inventory-service',
    queue: 'dead-letter',
    event: 'OrderCreated',
    reason: 'HANDLER_FAILED: x',
    since: undefined,
  };
  const found = explain(facts({ parked: [parked] }), [{ service: 'inventory-service', messages: 12, consumers: 0 }]);
  expect(found.inTheWay).toEqual([
    'OrderCreated is parked in inventory-service.dead-letter: HANDLER_FAILED: x\nnpm run dead-letters -- replay --order order-1',
    'inventory-service does not consume its queues: it is down, or has no broker (12 messages wait)',
  ]);
});
