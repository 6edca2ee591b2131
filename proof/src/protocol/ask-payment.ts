/** Asks payment-service's table about every reachable state of a payment, and every message. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import { service as paymentService } from '@quadrille/payment-service';
import type { PaymentInput } from '@quadrille/payment-service/src/domain/messages';
import { ATTEMPTS_MAX, type Payment } from '@quadrille/payment-service/src/domain/payment';
import { eventOf, paymentOf } from '../model/saga';
import { ages, answered, type Asked, type Facts } from './asked';

type Table = typeof paymentService;
type Message = DomainEvent<keyof Table['hears']> | PaymentInput;

/** Everything that may reach a payment besides events, with each answer that the gateway may give, by its name. */
const inputsAt = (attempt: number): readonly (readonly [string, PaymentInput])[] => [
  ...(['charged', 'declined', 'not processed', 'no answer'] as const).map(
    (answer) => [`ChargeAnswered: ${answer}`, { type: 'ChargeAnswered', attempt, answer }] as const,
  ),
  ['ChargeAnswered of another attempt', { type: 'ChargeAnswered', attempt: attempt - 1, answer: 'charged' }],
  ...(['charged', 'declined', 'void', 'unreachable'] as const).map(
    (answer) => [`ResolveAnswered: ${answer}`, { type: 'ResolveAnswered', answer }] as const,
  ),
  ...(['refunded', 'unreachable'] as const).map(
    (answer) => [`RefundAnswered: ${answer}`, { type: 'RefundAnswered', answer }] as const,
  ),
  ['RetryDue', { type: 'RetryDue', attempt }],
  ['RetryDue of another attempt', { type: 'RetryDue', attempt: attempt - 1 }],
  ['PaymentOverdue', { type: 'PaymentOverdue' }],
  ['RefundPayment', { type: 'RefundPayment' }],
];

const factsOf = ({ stopWanted, attempt, unknown }: Payment, age: string): Facts => ({
  stop: stopWanted ? 'a stop is wanted' : 'no stop is wanted',
  attempts: attempt < ATTEMPTS_MAX ? 'attempts are left' : 'no attempts are left',
  unknown: unknown ? 'some attempt is unknown' : 'no attempt is unknown',
  age,
});

const marksOf = ({ stopWanted, unknown }: Payment): string[] => [
  ...(stopWanted ? ['stop wanted'] : []),
  ...(unknown ? ['unknown'] : []),
];

/** The attempt that begins with this decision, if one does. */
function begun(before: Payment, after: Payment): string[] {
  if (after.attempt === before.attempt) return [];
  return [before.attempt === 0 ? 'attempt 1' : 'next attempt'];
}

/** What payment-service decides, for every one of these states and every message of its table. */
export function askPayment(names: readonly string[], table: Table = paymentService): Asked[] {
  const decide = decideBy(table);
  const heard = Object.keys(table.hears) as EventType[]; // the keys of `hears` are event types by its type
  return names.flatMap((name) =>
    ages.flatMap(({ age, stale }) => {
      const payment = paymentOf(name, { stale });
      return [
        // Only events of the table's own keys are handed to it.
        ...heard.map((type) => [type, eventOf(type) as Message] as const),
        ...inputsAt(payment.attempt),
      ].map(([label, message]) => {
        const decision = decide(payment, message);
        const question = { state: payment.status, message: label, facts: factsOf(payment, age) };
        const has = [...begun(payment, decision.state), ...marksOf(decision.state)];
        return answered(question, payment, decision, decision.state.status, { had: marksOf(payment), has });
      });
    }),
  );
}
