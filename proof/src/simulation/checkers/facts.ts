/** What the tables and queues hold in the end, as the facts that the seven invariants are about. */
import type { KeyFacts, OrderFacts, OutboxFacts, StockFacts } from '@quadrille/operator/src/verify/facts';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Tables } from '../world/databases';

/** Everything about every order, and how many of its tables know of it. */
export function* orderFacts({ order, inventory, payment, notification }: Tables): Generator<OrderFacts> {
  const amounts = (rows: Iterable<{ readonly reference: string; readonly amount: number }>) => {
    const byOrder = new Map<string, number[]>();
    for (const { reference, amount } of rows) byOrder.set(reference, [...(byOrder.get(reference) ?? []), amount]);
    return byOrder;
  };
  const charges = amounts([...payment.charges.rows.values()].filter(({ status }) => status === 'charged'));
  const refunds = amounts(payment.refunds.rows.values());
  const told = new Map<string, string[]>();
  for (const { order_id: id, kind } of notification.notifications.table.rows.values())
    if (id !== null) told.set(id, [...(told.get(id) ?? []), kind]);
  const ids = new Set([
    ...order.table.rows.keys(),
    ...inventory.reservations.table.rows.keys(),
    ...payment.payments.table.rows.keys(),
    ...charges.keys(),
    ...refunds.keys(),
    ...told.keys(),
  ]);
  for (const orderId of ids) {
    const row = order.table.rows.get(orderId);
    yield {
      orderId,
      order: row && { status: row.status, settled: row.settled, totalMinor: row.total_minor },
      reservation: inventory.reservations.table.rows.get(orderId)?.status,
      payment: payment.payments.table.rows.get(orderId)?.status,
      charges: charges.get(orderId) ?? [],
      refunds: refunds.get(orderId) ?? [],
      notifications: told.get(orderId) ?? [],
    };
  }
}

/** The stock of every product, and what orders hold of it. */
export function stockFacts({ inventory }: Tables): StockFacts[] {
  const held = { RESERVED: new Map<string, number>(), COMMITTED: new Map<string, number>() };
  for (const { status, items } of inventory.reservations.table.rows.values()) {
    if (status !== 'RESERVED' && status !== 'COMMITTED') continue;
    for (const { productId, quantity } of items)
      held[status].set(productId, (held[status].get(productId) ?? 0) + quantity);
  }
  const ids = new Set([...inventory.product.rows.keys(), ...held.RESERVED.keys(), ...held.COMMITTED.keys()]);
  return [...ids].map((productId) => {
    const row = inventory.product.rows.get(productId);
    return {
      productId,
      available: row?.available ?? 0,
      reserved: row?.reserved ?? 0,
      committed: row?.committed ?? 0,
      reservedByOrders: held.RESERVED.get(productId) ?? 0,
      committedByOrders: held.COMMITTED.get(productId) ?? 0,
      adjusted: row?.adjusted ?? 0,
    };
  });
}

/** What every service has not published. */
export const outboxFacts = (tables: Tables): OutboxFacts[] =>
  shortNames.map((name: ShortName) => {
    const rows = [...tables.chassis[name].outbox.rows.values()];
    return {
      service: services[name].table.name,
      waiting: rows.length,
      oldestSeconds: 0,
      attempts: Math.max(0, ...rows.map(({ attempts }) => attempts)),
    };
  });

/** Idempotency keys of more than one order, and how many keys there are. */
export function keyFacts({ order }: Tables): { readonly keys: number; readonly repeated: KeyFacts[] } {
  const byKey = new Map<string, string[]>();
  for (const { idempotency_key: key, order_id: id } of order.table.rows.values())
    if (key !== null) byKey.set(key, [...(byKey.get(key) ?? []), id]);
  const repeated = [...byKey].filter(([, ids]) => ids.length > 1).map(([key, orderIds]) => ({ key, orderIds }));
  return { keys: byKey.size, repeated };
}
