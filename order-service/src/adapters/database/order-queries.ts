/** Reading orders for HTTP, through Prisma. */
import type { PrismaClient } from '../../../generated/prisma/client';
import type { OrderLine, OrderStatus, TimelineEntry } from '../../domain/order';
import type { StoredOrder } from './stored-order';

type Row = NonNullable<Awaited<ReturnType<PrismaClient['order']['findUnique']>>>;

// The store alone writes these two JSON columns, from values of exactly these types.
const toStoredOrder = ({ items, timeline, totalMinor, ...row }: Row): StoredOrder => ({
  ...row,
  items: items as unknown as OrderLine[],
  timeline: timeline as unknown as TimelineEntry[],
  totalMinor: totalMinor === null ? null : Number(totalMinor),
});

/** One order, or undefined. */
export async function findOrder(prisma: PrismaClient, orderId: string): Promise<StoredOrder | undefined> {
  const row = await prisma.order.findUnique({ where: { orderId } });
  return row ? toStoredOrder(row) : undefined;
}

/** What a list may be narrowed to, and where it goes on. */
export interface OrderFilter {
  readonly status?: OrderStatus | undefined;
  readonly customerId?: string | undefined;
  /** The last order id of the page before. */
  readonly before?: string | undefined;
}

/**
 * Orders, newest first: ids are UUIDv7, so their order is the order of time. Answers up to `limit + 1`, to tell whether
 * there are more.
 */
export async function listOrders(
  prisma: PrismaClient,
  { status, customerId, before }: OrderFilter,
  limit: number,
): Promise<StoredOrder[]> {
  // A narrowed list is ordered by the index that narrows it. Were its column a constant, PostgreSQL would see that the
  // primary key has the same order, and might walk through all orders in search of the few that it believes to be many.
  const byStatus = status !== undefined && customerId === undefined;
  const rows = await prisma.order.findMany({
    where: {
      ...(status === undefined ? {} : { status: byStatus ? { in: [status, status] } : status }),
      ...(customerId === undefined ? {} : { customerId: { gte: customerId, lte: customerId } }),
      ...(before === undefined ? {} : { orderId: { lt: before } }),
    },
    orderBy: [
      ...(customerId === undefined ? [] : [{ customerId: 'asc' } as const]),
      ...(byStatus ? [{ status: 'asc' } as const] : []),
      { orderId: 'desc' },
    ],
    take: limit + 1,
  });
  return rows.map(toStoredOrder);
}
