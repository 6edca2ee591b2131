/** A payment as its decisions see it. */
import type { Wake } from '@quadrille/service-chassis';
import type { EventData } from '@quadrille/shared-events';

/** Where a payment stands; NONE until something is to be paid or called off. */
export type PaymentStatus =
  'NONE' | 'CHARGING' | 'RETRY_WAIT' | 'RESOLVING' | 'SUCCEEDED' | 'FAILED' | 'VOIDED' | 'REFUND_PENDING' | 'REFUNDED';

/** A payment. */
export interface Payment {
  readonly orderId: string;
  /** Given by the store, also to a payment that is NONE: ids are data here. */
  readonly paymentId: string;
  readonly customerId: string;
  readonly status: PaymentStatus;
  /** Null in a tombstone: nothing was ever to be paid. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly method: string | null;
  /** The current or last attempt; 0 before the first. */
  readonly attempt: number;
  /** The order was cancelled while the gateway was being asked. */
  readonly stopWanted: boolean;
  /** Some attempt may have taken money without our knowing. */
  readonly unknown: boolean;
  readonly reason: EventData<'PaymentFailed'>['reason'] | null;
  /** Tries of what is repeated until it works: resolving, refunding, nudging. */
  readonly tries: number;
  /** When it is looked at again; null when nothing is awaited. */
  readonly wake: Wake | null;
  /** Time as data, by the database's clock when the payment was loaded. */
  readonly clock: { readonly due: boolean; readonly stale: boolean };
}

/** The clock of a payment that was changed just now. */
export const FRESH = { due: false, stale: false } as const;

/** Attempts to charge: the first at once, the others after the delays below. */
export const ATTEMPTS_MAX = 4;

/** Pauses after attempts 1, 2 and 3, in milliseconds. */
export const RETRY_DELAYS_MS = [1_000, 2_000, 4_000] as const;

/**
 * A timer later than this is taken for lost, and the sweeper does its work. It may come that late when thousands of
 * payments wait for theirs: handled twice, they would take even longer.
 */
export const TIMER_GRACE_MS = 10_000;

/**
 * Who called the gateway and has not reported for this long is dead: a little longer than the longest gateway timeout.
 */
export const LEASE_MS = 3_500;

/** Longest pause between two tries to resolve or refund. */
const UNTIL_IT_WORKS_MAX_MS = 60_000;

/** The payment of an order that nothing was heard of. */
export const noPayment = (orderId: string, paymentId: string): Payment => ({
  orderId,
  paymentId,
  customerId: '',
  status: 'NONE',
  amountMinor: null,
  currency: null,
  method: null,
  attempt: 0,
  stopWanted: false,
  unknown: false,
  reason: null,
  tries: 0,
  wake: null,
  clock: FRESH,
});

/** Whether a payment has moved: a nudge or another try only wakes it later, and leaves it as old as it was. */
export const hasMoved = (before: Payment, after: Payment): boolean =>
  before.status !== after.status ||
  before.attempt !== after.attempt ||
  before.stopWanted !== after.stopWanted ||
  before.unknown !== after.unknown;

/** The pause before the next try of what is repeated until it works: the lease of this try, then doubling from 1 s. */
export const untilItWorksMs = (tries: number): number =>
  LEASE_MS + Math.min(UNTIL_IT_WORKS_MAX_MS, 1_000 * 2 ** Math.min(tries, 10));

/** How long the payment waits after a failed attempt. */
export const retryDelayMs = (attempt: number): number => RETRY_DELAYS_MS[attempt - 1] ?? RETRY_DELAYS_MS[2];
