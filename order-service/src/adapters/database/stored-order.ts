import { isSettled, type Order, type OrderLine, type OrderStatus, type TimelineEntry } from '../../domain/order';

/** An order as it is stored: what both the store and Prisma can return. */
export interface StoredOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly reason: string | null;
  readonly items: readonly OrderLine[];
  readonly totalMinor: number | null;
  readonly currency: string;
  readonly settled: boolean;
  readonly attempts: number;
  readonly timeline: readonly TimelineEntry[];
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An order that a command has just saved, as a stored one. */
export function toStored(order: Order): StoredOrder {
  if (!order.record) throw new Error(`order ${order.orderId} was not saved`);
  return { ...order, ...order.record, settled: isSettled(order) };
}

/** The newer of two readings of an order: news and reads may overtake each other. */
export const newer = (order: StoredOrder, other: StoredOrder | undefined): StoredOrder =>
  other && other.version > order.version ? other : order;
