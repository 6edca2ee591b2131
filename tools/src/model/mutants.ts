/**
 * Tempting simplifications, each of them a mistake. The model must catch every one: a check that catches nothing proves
 * nothing.
 */
import type { Decide, Said } from './saga';
import { createSaga } from './saga';
import type { Rules } from './world';

/** A mistake, and the world in which it shows. */
export interface Mutant {
  readonly name: string;
  /** What somebody might have thought. */
  readonly idea: string;
  readonly rules: Rules;
}

const reliable = createSaga({ stale: false });
const lossy = createSaga({ stale: true });

const named = (state: string, status: string) => [status, ...state.split(' ').slice(1)].join(' ');

/** The saga's decisions, except where `replace` answers something else. */
const replacing =
  (replace: (...given: [...Parameters<Decide>, Said]) => Said | undefined): Decide =>
  (participant, state, message) => {
    const said = reliable(participant, state, message);
    return replace(participant, state, message, said) ?? said;
  };

const mutate = (name: string, idea: string, replace: Parameters<typeof replacing>[0]): Mutant => ({
  name,
  idea,
  rules: { decide: replacing(replace), lossy: false },
});

/** All mutants of the protocol. */
export const mutants: readonly Mutant[] = [
  mutate(
    'noReservationTombstone',
    'nothing is reserved, so a cancellation need not be remembered',
    (who, state, message) =>
      who === 'inventory' && state.startsWith('NONE') && message === 'OrderCancelled'
        ? { next: state, sends: ['InventoryReleased'] }
        : undefined,
  ),
  mutate('noPaymentTombstone', 'nothing is paid, so a cancellation need not be remembered', (who, state, message) =>
    who === 'payment' && state === 'NONE 0' && message === 'OrderCancelled'
      ? { next: state, sends: ['PaymentVoided'] }
      : undefined,
  ),
  mutate('voidWhileCharging', 'a cancelled payment is void, whatever the bank is doing', (who, state, message) =>
    who === 'payment' && /^(CHARGING|RESOLVING)/.test(state) && message === 'OrderCancelled'
      ? { next: named(state, 'VOIDED'), sends: ['PaymentVoided'] }
      : undefined,
  ),
  mutate('exhaustedMeansFailed', 'after four attempts a payment has failed', (who, _state, _message, { next }) => {
    if (who !== 'payment' || !next.startsWith('RESOLVING')) return undefined;
    return next.includes('stop')
      ? { next: named(next, 'VOIDED'), sends: ['PaymentVoided'] }
      : { next: named(next, 'FAILED'), sends: ['PaymentFailed'] };
  }),
  mutate('lastWriteWins', 'a payment that was processed confirms the order', (who, state, message) =>
    who === 'order' && message === 'PaymentProcessed' && !state.startsWith('CONFIRMED')
      ? { next: named(state, 'CONFIRMED'), sends: ['OrderConfirmed'] }
      : undefined,
  ),
  mutate('refundUnheard', 'a refund is between the operator and the bank', (who, state, message) =>
    who === 'order' && message === 'PaymentRefunded'
      ? { next: [...state.split(' ').slice(0, 2), 'over'].join(' '), sends: [] }
      : undefined,
  ),
  mutate('restockHandedOver', 'a refunded order is cancelled, whatever it was', (who, state, message) =>
    who === 'order' && message === 'PaymentRefunded' && state.startsWith('COMPLETED')
      ? { next: named(state, 'CANCELLED'), sends: ['OrderCancelled'] }
      : undefined,
  ),
  {
    name: 'callBeforeCommit',
    idea: 'first charge, then write that we do',
    rules: { decide: reliable, lossy: false, mistake: 'callBeforeCommit' },
  },
  {
    name: 'resumeForgets',
    idea: 'who takes over a charge may forget that it was under way',
    rules: { decide: reliable, lossy: false, mistake: 'resumeForgets' },
  },
  {
    name: 'noNudge',
    idea: 'the broker loses nothing, so nobody need ask again',
    rules: { decide: lossy, lossy: true, mistake: 'noNudge' },
  },
  {
    name: 'noReannouncement',
    idea: 'a repeated question has been answered before',
    rules: { decide: reliable, lossy: true },
  },
];

/** The protocol as it is, where no message is lost, and where any one may be. */
export const protocol: { readonly reliable: Rules; readonly lossy: Rules } = {
  reliable: { decide: reliable, lossy: false },
  lossy: { decide: lossy, lossy: true },
};
