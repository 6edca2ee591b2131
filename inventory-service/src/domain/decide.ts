/** The decisions of inventory-service: for every state of a reservation and every message, what follows. */
import type { Decision, Wake } from '@quadrille/service-chassis';
import type { NewEvent, DomainEvent } from '@quadrille/shared-events';
import { assess } from './assess';
import {
  FRESH,
  moveStock,
  type GrantedReservation,
  type ReleaseReason,
  type Reservation,
  type ReservationState,
  type Stock,
} from './reservation';

/** What clocks ask of a reservation. */
export interface ReservationCommand {
  readonly type: 'ReservationOverdue';
}

/** What inventory-service decides. It has no effects and no timers of its own. */
export type ReservationDecision = Decision<ReservationState, never, ReservationCommand>;

const unchanged = (state: ReservationState, why: string, events: readonly NewEvent[] = []): ReservationDecision => ({
  state,
  outcome: `unchanged: ${why}`,
  events,
  effects: [],
  delayed: [],
});

const decided = (
  reservation: Reservation,
  stock: Stock,
  outcome: string,
  events: readonly NewEvent[],
): ReservationDecision => ({ state: { reservation, stock }, outcome, events, effects: [], delayed: [] });

/** A reservation that waits for the payment asks again, with growing pauses; no other waits for anything. */
const nudgeAfter = (nudges: number): Wake => ({ kind: 'nudge', doublings: nudges });

const who = ({ orderId, customerId }: Reservation) => ({ orderId, customerId });

/** What a reservation's state says to the others; a COMMITTED one has nothing to add to the order's own word. */
function outcomeOf(reservation: Reservation): NewEvent | undefined {
  switch (reservation.status) {
    case 'RESERVED': {
      const { items, totalMinor, currency, paymentMethod } = reservation;
      const data = { ...who(reservation), items: [...items], totalMinor, currency, paymentMethod };
      return { type: 'InventoryReserved', data };
    }
    case 'UNAVAILABLE': {
      const { reason, linesAtFault } = reservation;
      return { type: 'InventoryUnavailable', data: { ...who(reservation), reason, lines: [...linesAtFault] } };
    }
    case 'RELEASED':
    case 'TOMBSTONE': {
      const { items, reason } = reservation;
      return {
        type: 'InventoryReleased',
        data: { ...who(reservation), items: [...items], reason: reason ?? undefined },
      };
    }
    case 'COMMITTED':
      return undefined;
  }
}

/** A decided reservation publishes its outcome. */
const announced = (reservation: Reservation, stock: Stock, outcome: string): ReservationDecision => {
  const event = outcomeOf(reservation);
  return decided(reservation, stock, outcome, event ? [event] : []);
};

/** The work was done before: heard again long after, the outcome is announced again. */
function repeated(state: ReservationState, reservation: Reservation): ReservationDecision {
  const event = reservation.clock.stale ? outcomeOf(reservation) : undefined;
  return event ? unchanged(state, 'answered again', [event]) : unchanged(state, reservation.status);
}

const NOTHING_RESERVED = 'nothing was reserved';

/** An order wants stock: all of its lines, or none. */
export function reserve(state: ReservationState, { data }: DomainEvent<'OrderCreated'>): ReservationDecision {
  if (state.reservation) return repeated(state, state.reservation);
  const { orderId, customerId, currency, paymentMethod } = data;
  const common = { orderId, customerId, nudges: 0, wake: null, clock: FRESH };
  const assessment = assess(data, state.stock);
  if (!assessment.ok) {
    const { reason, linesAtFault } = assessment;
    const refused: Reservation = { ...common, status: 'UNAVAILABLE', reason, items: data.items, linesAtFault };
    return announced(refused, state.stock, `unavailable: ${reason}`);
  }
  const { items, totalMinor } = assessment;
  const granted: Reservation = {
    ...common,
    wake: nudgeAfter(0),
    status: 'RESERVED',
    reason: null,
    items,
    totalMinor,
    currency,
    paymentMethod,
  };
  return announced(granted, moveStock(state.stock, items, 'available', 'reserved'), 'reserved');
}

/** The order is paid for: what was reserved is sold. */
export function commit(state: ReservationState): ReservationDecision {
  const { reservation, stock } = state;
  if (!reservation) return unchanged(state, NOTHING_RESERVED);
  if (reservation.status !== 'RESERVED') return repeated(state, reservation);
  const sold: Reservation = { ...reservation, status: 'COMMITTED', wake: null, clock: FRESH };
  return announced(sold, moveStock(stock, reservation.items, 'reserved', 'committed'), 'committed');
}

/** Puts a reservation's stock back on sale, from where it is now. */
function release(reservation: GrantedReservation, stock: Stock, reason: ReleaseReason): ReservationDecision {
  const from = reservation.status === 'COMMITTED' ? 'committed' : 'reserved';
  const released: Reservation = { ...reservation, status: 'RELEASED', reason, wake: null, clock: FRESH };
  return announced(released, moveStock(stock, reservation.items, from, 'available'), 'released');
}

/** No money can be had: what was reserved is back on sale. */
export function releaseUnpaid(state: ReservationState, { data }: DomainEvent<'PaymentFailed'>): ReservationDecision {
  const { reservation, stock } = state;
  if (!reservation) return unchanged(state, NOTHING_RESERVED);
  if (reservation.status !== 'RESERVED') return repeated(state, reservation);
  return release(reservation, stock, data.reason);
}

/** The order is no longer wanted: its stock is back on sale, and if it was not heard of yet, it never gets any. */
export function releaseCancelled(
  state: ReservationState,
  { data }: DomainEvent<'OrderCancelled'>,
): ReservationDecision {
  const { reservation, stock } = state;
  const { orderId, customerId, reason } = data;
  if (!reservation) {
    const tombstone: Reservation = {
      orderId,
      customerId,
      nudges: 0,
      wake: null,
      clock: FRESH,
      status: 'TOMBSTONE',
      reason,
      items: [],
    };
    return announced(tombstone, stock, 'released: nothing was reserved');
  }
  if (reservation.status !== 'RESERVED' && reservation.status !== 'COMMITTED') return repeated(state, reservation);
  return release(reservation, stock, reason);
}

/** Reserved for long and no word of the payment: the question is asked again. */
export function nudge(state: ReservationState): ReservationDecision {
  const { reservation, stock } = state;
  if (!reservation) return unchanged(state, NOTHING_RESERVED);
  if (reservation.status !== 'RESERVED') return unchanged(state, reservation.status);
  if (!reservation.clock.nudgeDue) return unchanged(state, 'not due');
  const nudges = reservation.nudges + 1;
  return announced({ ...reservation, nudges, wake: nudgeAfter(nudges), clock: FRESH }, stock, 'nudged');
}
