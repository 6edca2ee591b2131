import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { service, type Heard } from '../service';
import type { PaymentDecision, PaymentInput } from './messages';
import { FRESH, retryDelayMs, type Payment, type PaymentStatus } from './payment';
import { answered, cancelled, payment, reserved } from '../../test/samples';

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
  [{ status: 'NONE' }, reserved, 'CHARGING + Charge'],
  [{ status: 'NONE' }, cancelled, 'VOIDED + PaymentVoided'],
  [CHARGING, answered('charged'), 'SUCCEEDED + PaymentProcessed'],
  [{ ...CHARGING, ...stop }, answered('charged'), 'REFUND_PENDING stop + Refund'],
  [CHARGING, answered('declined'), 'FAILED + PaymentFailed'],
  [{ ...CHARGING, ...stop }, answered('declined'), 'VOIDED stop + PaymentVoided'],
  [CHARGING, answered('not processed'), 'RETRY_WAIT + PaymentAttemptFailed + timer 1000'],
  [CHARGING, answered('no answer'), 'RETRY_WAIT unknown + PaymentAttemptFailed + timer 1000'],
  [{ ...CHARGING, attempt: 2 }, answered('not processed', 2), 'RETRY_WAIT + PaymentAttemptFailed + timer 2000'],
  [{ ...CHARGING, attempt: 3 }, answered('not processed', 3), 'RETRY_WAIT + PaymentAttemptFailed + timer 4000'],
  [{ ...CHARGING, ...last }, answered('not processed', 4), 'FAILED + PaymentFailed'],
  [{ ...CHARGING, ...last, ...unknown }, answered('not processed', 4), 'RESOLVING unknown + Resolve'],
  [{ ...CHARGING, ...last }, answered('no answer', 4), 'RESOLVING unknown + Resolve'],
  [{ ...CHARGING, ...stop }, answered('not processed'), 'VOIDED stop + PaymentVoided'],
  [{ ...CHARGING, ...stop, ...unknown }, answered('not processed'), 'RESOLVING stop unknown + Resolve'],
  [{ ...CHARGING, ...stop }, answered('no answer'), 'RESOLVING stop unknown + Resolve'],
  [{ ...CHARGING, attempt: 2 }, answered('charged', 1), 'CHARGING'],
  [CHARGING, cancelled, 'CHARGING stop'],
  [{ ...CHARGING, ...stop }, cancelled, 'CHARGING stop'],
  [{ ...CHARGING, ...due }, { type: 'PaymentOverdue' }, 'CHARGING unknown + Charge'],
  [{ ...CHARGING, ...stop, ...due }, { type: 'PaymentOverdue' }, 'RESOLVING stop unknown + Resolve'],
  [CHARGING, { type: 'PaymentOverdue' }, 'CHARGING'],
  [WAITING, { type: 'RetryDue', attempt: 1 }, 'CHARGING + Charge'],
  [{ ...WAITING, attempt: 2 }, { type: 'RetryDue', attempt: 1 }, 'RETRY_WAIT'],
  [{ ...WAITING, ...due }, { type: 'PaymentOverdue' }, 'CHARGING + Charge'],
  [WAITING, cancelled, 'VOIDED + PaymentVoided'],
  [{ ...WAITING, ...unknown }, cancelled, 'RESOLVING stop unknown + Resolve'],
  [RESOLVING, cancelled, 'RESOLVING stop unknown'],
  [RESOLVING, { type: 'ResolveAnswered', answer: 'charged' }, 'SUCCEEDED unknown + PaymentProcessed'],
  [{ ...RESOLVING, ...stop }, { type: 'ResolveAnswered', answer: 'charged' }, 'REFUND_PENDING stop unknown + Refund'],
  [RESOLVING, { type: 'ResolveAnswered', answer: 'void' }, 'FAILED unknown + PaymentFailed'],
  [{ ...RESOLVING, ...stop }, { type: 'ResolveAnswered', answer: 'void' }, 'VOIDED stop unknown + PaymentVoided'],
  [RESOLVING, { type: 'ResolveAnswered', answer: 'declined' }, 'FAILED unknown + PaymentFailed'],
  [{ ...RESOLVING, ...stop }, { type: 'ResolveAnswered', answer: 'declined' }, 'VOIDED stop unknown + PaymentVoided'],
  [RESOLVING, { type: 'ResolveAnswered', answer: 'unreachable' }, 'RESOLVING unknown'],
  [{ ...RESOLVING, ...due }, { type: 'PaymentOverdue' }, 'RESOLVING unknown + Resolve'],
  [{ status: 'SUCCEEDED' }, cancelled, 'REFUND_PENDING + Refund'],
  [{ status: 'SUCCEEDED' }, { type: 'RefundPayment' }, 'REFUND_PENDING + Refund'],
  [{ status: 'REFUND_PENDING' }, { type: 'RefundAnswered', answer: 'refunded' }, 'REFUNDED + PaymentRefunded'],
  [{ status: 'REFUND_PENDING' }, { type: 'RefundAnswered', answer: 'unreachable' }, 'REFUND_PENDING'],
  [{ status: 'REFUND_PENDING', ...due }, { type: 'PaymentOverdue' }, 'REFUND_PENDING + Refund'],
  [{ status: 'REFUNDED', ...due }, { type: 'PaymentOverdue' }, 'REFUNDED + PaymentRefunded'],
];

const everyMessage: readonly Message[] = [
  reserved,
  cancelled,
  ...(['charged', 'declined', 'not processed', 'no answer'] as const).map((answer) => answered(answer)),
  ...(['charged', 'declined', 'void', 'unreachable'] as const).map(
    (answer) => ({ type: 'ResolveAnswered', answer }) as const,
  ),
  ...(['refunded', 'unreachable'] as const).map((answer) => ({ type: 'RefundAnswered', answer }) as const),
  { type: 'RetryDue', attempt: 1 },
  { type: 'PaymentOverdue' },
  { type: 'RefundPayment' },
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

describe('the state table', () => {
  it.each(rows)('%j hears %j', (given, message, expected) => {
    expect(told(decide(payment(given), message))).toBe(expected);
  });

  const named = new Set(rows.map(([given, message]) => `${given.status} ${JSON.stringify(message)}`));
  const others = statuses
    .flatMap((status) => everyMessage.map((message) => [status, message] as const))
    .filter(([status, message]) => !named.has(`${status} ${JSON.stringify(message)}`));

  it.each(others)('any other pair, such as %s and %j, changes nothing and says why', (status, message) => {
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
      expect(decide(old, reserved).events).toMatchObject([{ type }]);
      expect(decide({ ...old, clock: FRESH }, reserved).events).toEqual([]);
    },
  );

  it('announces a refund by itself three times at the most', () => {
    let state = payment({ status: 'REFUNDED', wake: { kind: 'nudge', doublings: 0 } });
    let announced = 0;
    while (state.wake) {
      const decision = decide({ ...state, clock: { due: true, stale: true } }, { type: 'PaymentOverdue' });
      announced += decision.events.length;
      state = decision.state;
    }
    expect(announced).toBe(3);
  });
});
