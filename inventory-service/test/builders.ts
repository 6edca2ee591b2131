/** Reservations, stock, and the messages of inventory-service, as tests of the decisions use them. */
import { eventBuilder } from '@quadrille/test-kit/src/event-builder';
import type { ReservationCommand } from '../src/domain/decide';
import {
  FRESH,
  type GrantedReservation,
  type PricedLine,
  type Product,
  type RefusedReservation,
  type RequestedLine,
  type Stock,
  type StockLevels,
  type Tombstone,
} from '../src/domain/reservation';

const who = { orderId: 'order-1', customerId: 'customer-1' };
const terms = { totalMinor: 2_000, currency: 'USD', paymentMethod: 'tok_success' };
/** Mugs as an order asks for them, at no price of its own. */
const requested = (quantity: number): RequestedLine[] => [{ productId: 'mug', quantity, unitPriceMinor: null }];
/** Mugs at the price that holds. */
export const priced = (quantity: number): PricedLine[] => [{ productId: 'mug', quantity, unitPriceMinor: 1_000 }];
/** More mugs than there are. */
const TOO_MANY = 6;
const lineAtFault = { productId: 'mug', quantity: TOO_MANY, quantityAvailable: 5, unitPriceMinor: 1_000 };

/** The mug of the catalogue: five are on sale, two held and two sold. */
export const mug: Product = {
  productId: 'mug',
  priceMinor: 1_000,
  currency: 'USD',
  available: 5,
  reserved: 2,
  committed: 2,
};
/** A stock of mugs only, which differs in `changes` from five on sale, two held and two sold. */
export const mugs = (changes: Partial<StockLevels> = {}): Stock => new Map([['mug', { ...mug, ...changes }]]);

const common = { ...who, nudges: 0, wake: null, clock: FRESH };

/** Nothing was heard of the order yet. */
export const noReservation = undefined;
/** Two mugs are held for the order, except for `changes`; it is due at its next nudge for as long as they are. */
export const reservation = (changes: Partial<GrantedReservation> = {}): GrantedReservation => {
  const { status = 'RESERVED', nudges = 0 } = changes;
  const wake = status === 'RESERVED' ? ({ kind: 'nudge', doublings: nudges } as const) : null;
  return { ...common, status, reason: null, items: priced(2), ...terms, wake, ...changes };
};
/** The order wanted more mugs than there are, except for `changes`. */
export const refusal = (changes: Partial<RefusedReservation> = {}): RefusedReservation => ({
  ...common,
  status: 'UNAVAILABLE',
  reason: 'OUT_OF_STOCK',
  items: requested(TOO_MANY),
  linesAtFault: [lineAtFault],
  ...changes,
});
/** The order was cancelled before it was heard of, except for `changes`. */
export const tombstone = (changes: Partial<Tombstone> = {}): Tombstone => ({
  ...common,
  status: 'TOMBSTONE',
  reason: 'CUSTOMER_REQUEST',
  items: [],
  ...changes,
});

const orderedOf = (quantity: number) => ({ items: requested(quantity), currency: 'USD', paymentMethod: 'tok_success' });
/** Two mugs are wanted. */
export const orderCreated = eventBuilder('OrderCreated', { ...who, ...orderedOf(2) });
/** More mugs are wanted than there are. */
export const orderCreatedForTooMany = eventBuilder('OrderCreated', { ...who, ...orderedOf(TOO_MANY) });
/** The order is paid for. */
export const orderConfirmed = eventBuilder('OrderConfirmed', { ...who, totalMinor: 2_000, currency: 'USD' });
/** The order is off. */
export const orderCancelled = eventBuilder('OrderCancelled', { ...who, reason: 'CUSTOMER_REQUEST' });
/** No money can be had. */
export const paymentFailed = eventBuilder('PaymentFailed', { ...who, attempts: 4, reason: 'DECLINED' });

/** Two mugs are held. */
export const inventoryReserved = eventBuilder('InventoryReserved', { ...who, items: priced(2), ...terms });
/** There are not enough mugs. */
export const inventoryUnavailable = eventBuilder('InventoryUnavailable', {
  ...who,
  reason: 'OUT_OF_STOCK',
  lines: [lineAtFault],
});
/** Two mugs are back on sale. */
export const inventoryReleased = eventBuilder('InventoryReleased', {
  ...who,
  items: priced(2),
  reason: 'CUSTOMER_REQUEST',
});

/** The sweeper has found that a nudge is due. */
export const reservationOverdue = (): ReservationCommand => ({ type: 'ReservationOverdue' });
