import { decideBy } from '@quadrille/service-chassis';
import { envelop, type DomainEvent } from '@quadrille/shared-events';
import fc from 'fast-check';
import { decideCharge, decideResolve, type ChargeEntry } from '../adapters/simulated-gateway/bank';
import { service, type Heard } from '../service';
import type { ChargeAnswer, PaymentDecision, PaymentEffect, PaymentInput } from './messages';
import { FRESH, noPayment, retryDelayMs, type Payment, type PaymentStatus } from './payment';

const decide = decideBy(service);

const who = { orderId: 'order-1', customerId: 'customer-1' };
const stamp = { id: 'id', time: '2026-11-21T12:00:00.000Z' };
const reserved = envelop(
  'InventoryReserved',
  {
    ...who,
    items: [{ productId: 'mug', quantity: 2, unitPriceMinor: 1_000 }],
    totalMinor: 2_000,
    currency: 'USD',
    paymentMethod: 'tok_success',
  },
  stamp,
);
const cancelled = envelop('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' }, stamp);

const payment = (changes: Partial<Payment> = {}): Payment => ({
  ...noPayment('order-1', 'payment-1'),
  customerId: 'customer-1',
  amountMinor: 2_000,
  currency: 'USD',
  method: 'tok_success',
  attempt: 1,
  ...changes,
});

type Message = DomainEvent<Heard> | PaymentInput;

/** One line of what a decision says: the status after it, marks, and what it announces, has done and is reminded of. */
function told({ state, events, effects, delayed }: PaymentDecision): string {
  const marks = [...(state.stopWanted ? ['stop'] : []), ...(state.unknown ? ['unknown'] : [])];
  const said = [...events, ...effects].map(({ type }) => type);
  const timers = delayed.map(({ delayMs }) => `timer ${String(delayMs)}`);
  return [[state.status, ...marks].join(' '), ...said, ...timers].join(' + ');
}

const answered = (answer: ChargeAnswer, attempt = 1): PaymentInput => ({ type: 'ChargeAnswered', attempt, answer });

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
    let state = payment({ status: 'REFUNDED', wake: { kind: 'nudge' } });
    let announced = 0;
    while (state.wake) {
      const decision = decide({ ...state, clock: { due: true, stale: true } }, { type: 'PaymentOverdue' });
      announced += decision.events.length;
      state = decision.state;
    }
    expect(announced).toBe(3);
  });
});

/** What may happen to a payment next, as a list of choices for the property below. */
type Step =
  | 'reserve'
  | 'cancel'
  | 'refund'
  | 'timer'
  | 'overdue'
  | 'call'
  | 'call, answer lost'
  | 'call lands, nobody knows'
  | 'request delayed'
  | 'delayed request lands'
  | 'unreachable';

describe('money, whatever happens in whatever order', () => {
  const steps = fc.array(
    fc.constantFrom<Step>(
      'reserve',
      'cancel',
      'refund',
      'timer',
      'overdue',
      'call',
      'call',
      'call, answer lost',
      'call lands, nobody knows',
      'request delayed',
      'delayed request lands',
      'unreachable',
    ),
    { maxLength: 40 },
  );
  const methods = fc.constantFrom(
    'tok_success',
    'tok_decline',
    'tok_unavailable',
    'tok_flaky_1',
    'tok_flaky_3',
    'tok_timeout',
    'tok_visa',
  );

  it('is kept exactly when the payment succeeded', () => {
    fc.assert(
      fc.property(
        steps,
        methods,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (history, method, draws) => {
          const world = createWorld(method, () => Number(draws.next().value));
          for (const step of history) world.take(step);
          world.comeToRest();
          const { state, charges, refunds } = world.books();
          expect(['NONE', 'SUCCEEDED', 'FAILED', 'VOIDED', 'REFUNDED']).toContain(state.status);
          expect(charges - refunds).toBe(state.status === 'SUCCEEDED' ? 1 : 0);
          expect(charges).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

/** A payment, its bank, and everything that can go wrong between them. */
function createWorld(method: string, draw: () => number) {
  let state = noPayment('order-1', 'payment-1');
  let entry: ChargeEntry | undefined;
  let refunds = 0;
  let asked: PaymentEffect | undefined;
  let inFlight = false;

  const hear = (message: Message) => {
    const decision = decide(state, message);
    state = decision.state;
    asked = decision.effects[0] ?? asked;
  };
  const call = (answerComes: boolean, reportComes: boolean) => {
    const effect = asked;
    asked = undefined;
    if (!effect) return;
    if (effect.type === 'Charge') {
      const outcome = decideCharge(entry, method, draw(), 0.5);
      entry = outcome.entry;
      const answer = outcome.answer === 'lost' || !answerComes ? 'no answer' : outcome.answer;
      if (reportComes) hear({ type: 'ChargeAnswered', attempt: effect.attempt, answer });
    } else if (effect.type === 'Resolve') {
      const outcome = decideResolve(entry);
      entry = outcome.entry;
      if (reportComes) hear({ type: 'ResolveAnswered', answer: answerComes ? outcome.answer : 'unreachable' });
    } else {
      refunds = 1; // idempotent by key
      if (reportComes) hear({ type: 'RefundAnswered', answer: answerComes ? 'refunded' : 'unreachable' });
    }
  };
  /** A request that was given up as unanswered, and one that lands when nobody waits for it any more. */
  const delay = () => {
    if (asked?.type !== 'Charge') return;
    inFlight = true;
    const { attempt } = asked;
    asked = undefined;
    hear({ type: 'ChargeAnswered', attempt, answer: 'no answer' });
  };
  const land = () => {
    if (inFlight) entry = decideCharge(entry, method, draw(), 0.5).entry;
    inFlight = false;
  };
  const overdue = () => {
    state = { ...state, clock: { due: true, stale: false } };
    hear({ type: 'PaymentOverdue' });
  };
  const take = (step: Step) => {
    if (step === 'reserve') hear({ ...reserved, data: { ...reserved.data, paymentMethod: method } });
    else if (step === 'cancel') hear(cancelled);
    else if (step === 'refund') hear({ type: 'RefundPayment' });
    else if (step === 'timer') hear({ type: 'RetryDue', attempt: state.attempt });
    else if (step === 'overdue') overdue();
    else if (step === 'unreachable') hear({ type: 'RefundAnswered', answer: 'unreachable' });
    else if (step === 'request delayed') delay();
    else if (step === 'delayed request lands') land();
    else call(step === 'call', step !== 'call lands, nobody knows');
  };
  return {
    take,
    /** The sweeper, the timers and a gateway that answers, for as long as it takes; bounded, so that a livelock fails. */
    comeToRest: () => {
      for (let rounds = 0; rounds < 50; rounds++) {
        overdue();
        call(true, true);
      }
      land();
    },
    books: () => ({ state, charges: entry?.status === 'charged' ? 1 : 0, refunds }),
  };
}
