import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { service, type Heard } from '../service';
import type { PaymentDecision, PaymentInput } from './messages';
import { FRESH, retryDelayMs, type Payment, type PaymentStatus } from './payment';
import {
  chargeAnswered,
  inventoryReserved,
  orderCancelled,
  payment,
  paymentOverdue,
  refundAnswered,
  refundPayment,
  resolveAnswered,
  retryDue,
} from '../../test/builders';

const decide = decideBy(service);

type Message = DomainEvent<Heard> | PaymentInput;

/** One line of what a decision says: the status after it, marks, and what it publishes, has done and is reminded of. */
function told({ state, events, effects, delayed }: PaymentDecision): string {
  const marks = [...(state.stopWanted ? ['stop'] : []), ...(state.unknown ? ['unknown'] : [])];
  const said = [...events, ...effects].map(({ type }) => type);
  const timers = delayed.map(({ delayMs }) => `timer ${String(delayMs)}`);
  return [[state.status, ...marks].join(' '), ...said, ...timers].join(' + ');
}

type Row = readonly [given: Partial<Payment> & { status: PaymentStatus }, message: Message, expected: string];
const CHARGING = { status: 'CHARGING' } as const;
const WAITING = { status: 'RETRY_WAIT' } as const;
const RESOLVING = { status: 'RESOLVING', unknown: true } as const;
const stop = { stopWanted: true };
const unknown = { unknown: true };
const last = { attempt: 4 };
const due = { clock: { due: true, stale: false } };

const rows: readonly Row[] = [
  [{ status: 'NONE' }, inventoryReserved(), 'CHARGING + Charge'],
  [{ status: 'NONE' }, orderCancelled(), 'VOIDED + PaymentVoided'],
  [CHARGING, chargeAnswered('charged'), 'SUCCEEDED + PaymentProcessed'],
  [{ ...CHARGING, ...stop }, chargeAnswered('charged'), 'REFUND_PENDING stop + Refund'],
  [CHARGING, chargeAnswered('declined'), 'FAILED + PaymentFailed'],
  [{ ...CHARGING, ...stop }, chargeAnswered('declined'), 'VOIDED stop + PaymentVoided'],
  [CHARGING, chargeAnswered('not processed'), 'RETRY_WAIT + PaymentAttemptFailed + timer 1000'],
  [CHARGING, chargeAnswered('no answer'), 'RETRY_WAIT unknown + PaymentAttemptFailed + timer 1000'],
  [{ ...CHARGING, attempt: 2 }, chargeAnswered('not processed', 2), 'RETRY_WAIT + PaymentAttemptFailed + timer 2000'],
  [{ ...CHARGING, attempt: 3 }, chargeAnswered('not processed', 3), 'RETRY_WAIT + PaymentAttemptFailed + timer 4000'],
  [{ ...CHARGING, ...last }, chargeAnswered('not processed', 4), 'FAILED + PaymentFailed'],
  [{ ...CHARGING, ...last, ...unknown }, chargeAnswered('not processed', 4), 'RESOLVING unknown + Resolve'],
  [{ ...CHARGING, ...last }, chargeAnswered('no answer', 4), 'RESOLVING unknown + Resolve'],
  [{ ...CHARGING, ...stop }, chargeAnswered('not processed'), 'VOIDED stop + PaymentVoided'],
  [{ ...CHARGING, ...stop, ...unknown }, chargeAnswered('not processed'), 'RESOLVING stop unknown + Resolve'],
  [{ ...CHARGING, ...stop }, chargeAnswered('no answer'), 'RESOLVING stop unknown + Resolve'],
  [{ ...CHARGING, attempt: 2 }, chargeAnswered('charged', 1), 'CHARGING'],
  [CHARGING, orderCancelled(), 'CHARGING stop'],
  [{ ...CHARGING, ...stop }, orderCancelled(), 'CHARGING stop'],
  [{ ...CHARGING, ...due }, paymentOverdue(), 'CHARGING unknown + Charge'],
  [{ ...CHARGING, ...stop, ...due }, paymentOverdue(), 'RESOLVING stop unknown + Resolve'],
  [CHARGING, paymentOverdue(), 'CHARGING'],
  [WAITING, retryDue(1), 'CHARGING + Charge'],
  [{ ...WAITING, attempt: 2 }, retryDue(1), 'RETRY_WAIT'],
  [{ ...WAITING, ...due }, paymentOverdue(), 'CHARGING + Charge'],
  [WAITING, orderCancelled(), 'VOIDED + PaymentVoided'],
  [{ ...WAITING, ...unknown }, orderCancelled(), 'RESOLVING stop unknown + Resolve'],
  [RESOLVING, orderCancelled(), 'RESOLVING stop unknown'],
  [RESOLVING, resolveAnswered('charged'), 'SUCCEEDED unknown + PaymentProcessed'],
  [{ ...RESOLVING, ...stop }, resolveAnswered('charged'), 'REFUND_PENDING stop unknown + Refund'],
  [RESOLVING, resolveAnswered('void'), 'FAILED unknown + PaymentFailed'],
  [{ ...RESOLVING, ...stop }, resolveAnswered('void'), 'VOIDED stop unknown + PaymentVoided'],
  [RESOLVING, resolveAnswered('declined'), 'FAILED unknown + PaymentFailed'],
  [{ ...RESOLVING, ...stop }, resolveAnswered('declined'), 'VOIDED stop unknown + PaymentVoided'],
  [RESOLVING, resolveAnswered('unreachable'), 'RESOLVING unknown'],
  [{ ...RESOLVING, ...due }, paymentOverdue(), 'RESOLVING unknown + Resolve'],
  [{ status: 'SUCCEEDED' }, orderCancelled(), 'REFUND_PENDING + Refund'],
  [{ status: 'SUCCEEDED' }, refundPayment(), 'REFUND_PENDING + Refund'],
  [{ status: 'REFUND_PENDING' }, refundAnswered('refunded'), 'REFUNDED + PaymentRefunded'],
  [{ status: 'REFUND_PENDING' }, refundAnswered('unreachable'), 'REFUND_PENDING'],
  [{ status: 'REFUND_PENDING', ...due }, paymentOverdue(), 'REFUND_PENDING + Refund'],
  [{ status: 'REFUNDED', ...due }, paymentOverdue(), 'REFUNDED + PaymentRefunded'],
];

const everyMessage: readonly Message[] = [
  inventoryReserved(),
  orderCancelled(),
  ...(['charged', 'declined', 'not processed', 'no answer'] as const).map((answer) => chargeAnswered(answer)),
  ...(['charged', 'declined', 'void', 'unreachable'] as const).map(resolveAnswered),
  ...(['refunded', 'unreachable'] as const).map(refundAnswered),
  retryDue(1),
  paymentOverdue(),
  refundPayment(),
];
const statuses: readonly PaymentStatus[] = [
  'NONE',
  'CHARGING',
  'RETRY_WAIT',
  'RESOLVING',
  'SUCCEEDED',
  'FAILED',
  'VOIDED',
  'REFUND_PENDING',
  'REFUNDED',
];

/** A message as titles name it: its type, and what it says of an attempt or an answer. */
function inWords(message: Message): string {
  const attempt = 'attempt' in message ? ` of attempt ${String(message.attempt)}` : '';
  return `${message.type}${'answer' in message ? ` (${message.answer})` : ''}${attempt}`;
}
/** A payment as titles name it: its status, and in what it differs from the usual one. */
const describePayment = ({ status, attempt, stopWanted, unknown, clock }: Payment) =>
  [
    status,
    ...(attempt > 1 ? [`attempt ${String(attempt)}`] : []),
    ...(stopWanted ? ['stop wanted'] : []),
    ...(unknown ? ['outcome unknown'] : []),
    ...(clock.due ? ['due'] : []),
  ].join(', ');

describe('the state table', () => {
  const cells = rows.map(([changes, message, expected]) => {
    const given = payment(changes);
    return [describePayment(given), inWords(message), expected, given, message] as const;
  });
  it.each(cells)('a payment %s, on %s, is then %s', (_status, _message, expected, given, message) => {
    expect(told(decide(given, message))).toBe(expected);
  });

  const named = new Set(rows.map(([given, message]) => `${given.status} ${JSON.stringify(message)}`));
  const others = statuses
    .flatMap((status) => everyMessage.map((message) => [status, inWords(message), message] as const))
    .filter(([status, , message]) => !named.has(`${status} ${JSON.stringify(message)}`));

  it.each(others)('any other pair, such as %s and %s, changes nothing and says why', (status, _message, message) => {
    const before = payment({ status });
    const { state, outcome, events, effects, delayed } = decide(before, message);
    expect(state).toBe(before);
    expect(outcome).toMatch(/^unchanged: /);
    expect([...events, ...effects, ...delayed]).toEqual([]);
  });

  it('retries after 1, 2 and 4 seconds', () => {
    expect([1, 2, 3].map(retryDelayMs)).toEqual([1_000, 2_000, 4_000]);
  });
});

describe('healing', () => {
  const outcomes = {
    SUCCEEDED: 'PaymentProcessed',
    FAILED: 'PaymentFailed',
    VOIDED: 'PaymentVoided',
    REFUNDED: 'PaymentRefunded',
  } as const;
  it.each(Object.entries(outcomes))(
    '%s answers a repeated trigger with %s, but not when it was said just now',
    (status, type) => {
      // Object.entries widens the keys, which are statuses.
      const old = payment({ status: status as keyof typeof outcomes, clock: { due: false, stale: true } });
      expect(decide(old, inventoryReserved()).events).toMatchObject([{ type }]);
      expect(decide({ ...old, clock: FRESH }, inventoryReserved()).events).toEqual([]);
    },
  );

  it('announces a refund by itself three times at the most', () => {
    let state = payment({ status: 'REFUNDED', wake: { kind: 'nudge', doublings: 0 } });
    let announced = 0;
    while (state.wake) {
      const decision = decide({ ...state, clock: { due: true, stale: true } }, paymentOverdue());
      announced += decision.events.length;
      state = decision.state;
    }
    expect(announced).toBe(3);
  });
});
