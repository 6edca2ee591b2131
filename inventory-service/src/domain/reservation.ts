/** A reservation and the stock it moves, as the decisions see them. */
import type { Wake } from '@quadrille/service-chassis';
import type { EventData } from '@quadrille/shared-events';

/** One line of an order; the price is null when neither the order nor the catalogue named one. */
export type RequestedLine = EventData<'OrderCreated'>['items'][number];

/** One line with the price that holds. */
export type PricedLine = EventData<'InventoryReserved'>['items'][number];

/** One line that cannot be had, and what could. */
export type LineAtFault = EventData<'InventoryUnavailable'>['lines'][number];

/** Why stock could not be reserved. */
export type UnavailabilityReason = EventData<'InventoryUnavailable'>['reason'];

/** Why stock is back on sale. */
export type ReleaseReason = NonNullable<EventData<'InventoryReleased'>['reason']>;

/** What the database's clock says of a reservation. */
export interface ReservationClock {
  /** Its next nudge is due. */
  readonly nudgeDue: boolean;
  /** It has not changed for longer than the healing time: repeated triggers are answered again. */
  readonly stale: boolean;
}

/** The clock of a reservation that was changed just now. */
export const FRESH: ReservationClock = { nudgeDue: false, stale: false };

interface Common {
  readonly orderId: string;
  readonly customerId: string;
  /** How often its outcome was announced again while it waited for the payment. */
  readonly nudges: number;
  /** When it is nudged; null when nothing is awaited. */
  readonly wake: Wake | null;
  readonly clock: ReservationClock;
}

/** Stock was reserved for the order; it is now held (RESERVED), sold (COMMITTED) or back on sale (RELEASED). */
export interface GrantedReservation extends Common {
  readonly status: 'RESERVED' | 'COMMITTED' | 'RELEASED';
  /** Why it was released; null before. */
  readonly reason: ReleaseReason | null;
  readonly items: readonly PricedLine[];
  readonly totalMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
}

/** Some line could not be had, so nothing was reserved. */
export interface RefusedReservation extends Common {
  readonly status: 'UNAVAILABLE';
  readonly reason: UnavailabilityReason;
  readonly items: readonly RequestedLine[];
  readonly linesAtFault: readonly LineAtFault[];
}

/** The order was cancelled before it was heard of: when it comes, it finds this and nothing is reserved. */
export interface Tombstone extends Common {
  readonly status: 'TOMBSTONE';
  readonly reason: ReleaseReason;
  readonly items: readonly [];
}

/** What became of an order's stock. */
export type Reservation = GrantedReservation | RefusedReservation | Tombstone;

/** Whether a reservation has moved: a nudge is no move and leaves it as old as it was. */
export const hasMoved = (before: Reservation, after: Reservation): boolean => before.status !== after.status;

/** The parts of a product's stock, in units. None is ever below zero. */
export interface StockLevels {
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
}

/** A product as far as a reservation is concerned. */
export interface Product extends StockLevels {
  readonly productId: string;
  /** The catalogue's price of one unit in minor units; null when the order's holds. */
  readonly priceMinor: number | null;
  readonly currency: string;
}

/** Products by id. */
export type Stock = ReadonlyMap<string, Product>;

/** What a decision is made on: the order's reservation, if any, and the stock of the products it concerns. */
export interface ReservationState {
  readonly reservation: Reservation | undefined;
  readonly stock: Stock;
}

/**
 * Moves the units of all lines from one part of the stock to another; their sum stays. Throws when a part would fall
 * below zero or a product is missing: the decisions check first, so that would be a broken invariant.
 */
export function moveStock(
  stock: Stock,
  lines: readonly PricedLine[],
  from: keyof StockLevels,
  to: keyof StockLevels,
): Stock {
  const moved = new Map(stock);
  for (const { productId, quantity } of lines) {
    const product = moved.get(productId);
    if (!product || product[from] < quantity) {
      throw new Error(`${productId}: there are not ${String(quantity)} units ${from} to become ${to}`);
    }
    moved.set(productId, { ...product, [from]: product[from] - quantity, [to]: product[to] + quantity });
  }
  return moved;
}
