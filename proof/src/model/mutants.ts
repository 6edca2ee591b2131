/**
 * Tempting simplifications, each of them a mistake. The model must catch every one: a check that catches nothing proves
 * nothing.
 */
import type { Decide, Said } from './saga';
import { createSaga, stockLevels, stockName, type StockLevels } from './saga';
import type { Choice, Rules } from './world';

/** A mistake, and the world in which it shows. */
export interface Mutant {
  readonly name: string;
  /** What somebody might have thought. */
  readonly idea: string;
  readonly rules: Rules;
}

const reliable = createSaga({ stale: false });
const lossy = createSaga({ stale: true });

const everything: ReadonlySet<Choice> = new Set([
  'cancel',
  'deadline',
  'complete',
  'operator refunds',
  'not processed',
  'no answer',
]);

/** Enough to show a livelock, which is found only when all of a lossy world is explored. */
const called: ReadonlySet<Choice> = new Set(['cancel', 'deadline']);

const named = (state: string, status: string) => [status, ...state.split(' ').slice(1)].join(' ');

/** The saga's decisions, except where `replace` returns something else. */
const replacing =
  (replace: (...given: [...Parameters<Decide>, Said]) => Said | undefined): Decide =>
  (participant, state, message, stock) => {
    const said = reliable(participant, state, message, stock);
    return replace(participant, state, message, stock, said) ?? said;
  };

const mutate = (name: string, idea: string, replace: Parameters<typeof replacing>[0]): Mutant => ({
  name,
  idea,
  rules: { decide: replacing(replace), lossy: false, choices: everything },
});

/** Mutants of the protocol that one order shows. */
export const mutants: readonly Mutant[] = [
  mutate(
    'noReservationTombstone',
    'nothing is reserved, so a cancellation need not be remembered',
    (who, state, message) =>
      who === 'inventory' && state === 'NONE' && message === 'OrderCancelled'
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
  mutate(
    'exhaustedMeansFailed',
    'after four attempts a payment has failed',
    (who, _state, _message, _stock, { next }) => {
      if (who !== 'payment' || !next.startsWith('RESOLVING')) return undefined;
      return next.includes('stop')
        ? { next: named(next, 'VOIDED'), sends: ['PaymentVoided'] }
        : { next: named(next, 'FAILED'), sends: ['PaymentFailed'] };
    },
  ),
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
    rules: { decide: reliable, lossy: false, choices: everything, mistake: 'callBeforeCommit' },
  },
  {
    name: 'resumeForgets',
    idea: 'who takes over a charge may forget that it was under way',
    rules: { decide: reliable, lossy: false, choices: everything, mistake: 'resumeForgets' },
  },
  {
    name: 'noNudge',
    idea: 'the broker loses nothing, so nobody need ask again',
    rules: { decide: lossy, lossy: true, choices: called, mistake: 'noNudge' },
  },
  {
    name: 'noReannouncement',
    idea: 'a repeated question has been answered before',
    rules: { decide: reliable, lossy: true, choices: called },
  },
];

/** What happens to two orders: fewer things, so that all of them together can be explored. */
const contended: ReadonlySet<Choice> = new Set(['cancel', 'complete', 'operator refunds']);

/** Enough to show what goes wrong between two. */
const cancelled: ReadonlySet<Choice> = new Set(['cancel']);

const moveStock = (stock: string, from: keyof StockLevels, to: keyof StockLevels) => {
  const levels = stockLevels(stock);
  return stockName({ ...levels, [from]: levels[from] - 1, [to]: levels[to] + 1 });
};

const contend = (name: string, idea: string, replace: Parameters<typeof replacing>[0]): Mutant => ({
  name,
  idea,
  rules: { decide: replacing(replace), lossy: false, choices: cancelled },
});

/** Mutants that show when two orders contend for the last unit. */
export const contentionMutants: readonly Mutant[] = [
  contend('stockUnchecked', 'two orders for the last unit never meet', (who, state, message, stock) =>
    who === 'inventory' && state === 'NONE' && message === 'OrderCreated'
      ? { next: 'RESERVED', stock: moveStock(stock, 'available', 'reserved'), sends: ['InventoryReserved'] }
      : undefined,
  ),
  contend('secondChance', 'who asks again may get what has come back', (who, state, message, stock) =>
    who === 'inventory' && state === 'UNAVAILABLE' && message === 'OrderCreated' && stockLevels(stock).available > 0
      ? { next: 'RESERVED', stock: moveStock(stock, 'available', 'reserved'), sends: ['InventoryReserved'] }
      : undefined,
  ),
  contend('releaseTwice', 'a cancelled order gives its unit back', (who, state, message, stock) =>
    who === 'inventory' && state === 'RELEASED' && message === 'OrderCancelled'
      ? { next: 'RELEASED', stock: moveStock(stock, 'reserved', 'available'), sends: ['InventoryReleased'] }
      : undefined,
  ),
  contend('soldStaysSold', 'what is sold is not put back on sale', (who, state, message) =>
    who === 'inventory' && state === 'COMMITTED' && message === 'OrderCancelled'
      ? { next: 'RELEASED', sends: ['InventoryReleased'] }
      : undefined,
  ),
];

/** The protocol as it is: one order where no message is lost, or where any one may be; two orders for the last unit. */
export const protocol: { readonly reliable: Rules; readonly lossy: Rules; readonly contended: Rules } = {
  reliable: { decide: reliable, lossy: false, choices: everything },
  lossy: { decide: lossy, lossy: true, choices: everything },
  contended: { decide: reliable, lossy: false, choices: contended },
};
