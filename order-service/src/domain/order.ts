/** An order as its decisions see it: what the customer asked for, where it stands, and what the others have said. */
import type { Wake } from '@quadrille/service-chassis';
import type { EventData } from '@quadrille/shared-events';

/** Where an order stands. */
export type OrderStatus = 'PENDING' | 'CONFIRMED' | 'COMPLETED' | 'CANCELLED' | 'REJECTED' | 'FAILED' | 'REFUNDED';

/** How far inventory-service has come, as far as was heard. Only ever goes up. */
export const inventoryFacets = ['none', 'reserved', 'unavailable', 'released'] as const;

/** How far payment-service has come, as far as was heard. `over`: failed, voided or refunded. Only ever goes up. */
export const paymentFacets = ['none', 'processed', 'over'] as const;

/** How far inventory-service has come. */
export type InventoryFacet = (typeof inventoryFacets)[number];
/** How far payment-service has come. */
export type PaymentFacet = (typeof paymentFacets)[number];

/** One line of an order; the price is null until somebody named one. */
export type OrderLine = EventData<'OrderCreated'>['items'][number];

/** One event in the life of an order, as the customer may see it. */
export interface TimelineEntry {
  readonly id: string;
  readonly type: string;
  readonly direction: 'heard' | 'published';
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly causation_id: string | null;
}

/** What the store adds when it has saved an order. */
export interface OrderRecord {
  /** Grows with every write. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly timeline: readonly TimelineEntry[];
}

/** An order. */
export interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  /** The reason of the event that ended it; null while nothing went wrong. */
  readonly reason: string | null;
  readonly items: readonly OrderLine[];
  readonly currency: string;
  readonly paymentMethod: string;
  readonly totalMinor: number | null;
  readonly inventory: InventoryFacet;
  readonly payment: PaymentFacet;
  /** Payment attempts so far. */
  readonly attempts: number;
  readonly idempotencyKey: string | null;
  /** Digest of the request that placed it. */
  readonly requestHash: string;
  /** How often it was nudged since it was last heard of. */
  readonly nudges: number;
  /** When it is looked at again; null when nothing is awaited. */
  readonly wake: Wake | null;
  /** Time as data, by the database's clock when the order was loaded. */
  readonly clock: OrderClock;
  /** Null for an order that is not stored yet. */
  readonly record: OrderRecord | null;
}

/** What the database's clock says of an order. */
export interface OrderClock {
  /** It stayed PENDING beyond its deadline. */
  readonly deadlinePassed: boolean;
  /** Its next nudge is due. */
  readonly nudgeDue: boolean;
  /** It has not changed for longer than the healing time: repeated triggers are answered again. */
  readonly stale: boolean;
}

/** The clock of an order that was changed just now. */
export const FRESH: OrderClock = { deadlinePassed: false, nudgeDue: false, stale: false };

/** Nothing more will happen to this order unless a person wants it. */
export function isSettled({ status, inventory, payment }: Pick<Order, 'status' | 'inventory' | 'payment'>): boolean {
  switch (status) {
    case 'PENDING':
      return false;
    case 'CONFIRMED':
    case 'COMPLETED':
    case 'REJECTED':
    case 'REFUNDED':
      return true;
    case 'FAILED':
      return inventory === 'released' && payment === 'over';
    case 'CANCELLED':
      return (inventory === 'unavailable' || inventory === 'released') && payment === 'over';
  }
}

/** Whether an order has moved: what it only repeats, or says again, is no move and leaves it as old as it was. */
export const hasMoved = (before: Order, after: Order): boolean =>
  before.status !== after.status ||
  before.inventory !== after.inventory ||
  before.payment !== after.payment ||
  before.attempts !== after.attempts;

/**
 * When an order in this state is looked at again: at its next nudge, while PENDING at its deadline if that is earlier.
 */
export function wakeOf(order: Pick<Order, 'status' | 'inventory' | 'payment' | 'nudges'>): Wake | null {
  if (isSettled(order)) return null;
  return { kind: order.status === 'PENDING' ? 'nudge-or-deadline' : 'nudge', doublings: order.nudges };
}
