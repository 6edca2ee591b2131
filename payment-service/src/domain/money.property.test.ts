/** Money against the bank's own books, over every history that a random walk finds. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import fc from 'fast-check';
import { decideCharge, decideResolve, type ChargeEntry } from '../adapters/gateway/simulated-bank';
import { service, type Heard } from '../service';
import type { PaymentEffect, PaymentInput } from './messages';
import {
  chargeAnswered,
  inventoryReserved,
  orderCancelled,
  paymentOverdue,
  refundAnswered,
  refundPayment,
  resolveAnswered,
  retryDue,
  unheardOf,
} from '../../test/builders';

const decide = decideBy(service);

type Message = DomainEvent<Heard> | PaymentInput;

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
  let state = unheardOf();
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
      if (reportComes) hear(chargeAnswered(answer, effect.attempt));
    } else if (effect.type === 'Resolve') {
      const outcome = decideResolve(entry);
      entry = outcome.entry;
      if (reportComes) hear(resolveAnswered(answerComes ? outcome.answer : 'unreachable'));
    } else {
      refunds = 1; // idempotent by key
      if (reportComes) hear(refundAnswered(answerComes ? 'refunded' : 'unreachable'));
    }
  };
  /** A request that was given up as unanswered, and one that lands when nobody waits for it any more. */
  const delay = () => {
    if (asked?.type !== 'Charge') return;
    inFlight = true;
    const { attempt } = asked;
    asked = undefined;
    hear(chargeAnswered('no answer', attempt));
  };
  const land = () => {
    if (inFlight) entry = decideCharge(entry, method, draw(), 0.5).entry;
    inFlight = false;
  };
  const overdue = () => {
    state = { ...state, clock: { due: true, stale: false } };
    hear(paymentOverdue());
  };
  const take = (step: Step) => {
    if (step === 'reserve') hear(inventoryReserved({ paymentMethod: method }));
    else if (step === 'cancel') hear(orderCancelled());
    else if (step === 'refund') hear(refundPayment());
    else if (step === 'timer') hear(retryDue(state.attempt));
    else if (step === 'overdue') overdue();
    else if (step === 'unreachable') hear(refundAnswered('unreachable'));
    else if (step === 'request delayed') delay();
    else if (step === 'delayed request lands') land();
    else call(step === 'call', step !== 'call lands, nobody knows');
  };
  return {
    take,
    /**
     * The sweeper, the timers and a gateway that answers, for as long as it takes; bounded, so that a livelock fails.
     */
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
