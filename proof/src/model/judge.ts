/**
 * What is wrong with a state of the model: the invariants of `npm run verify`, by the same rules, and what only a model
 * can see.
 */
import { isSettled, type Order } from '@quadrille/order-service/src/domain/order';
import type { OrderFacts } from '@quadrille/operator/src/verify/facts';
import { orderBreaches, stockBreaches } from '@quadrille/operator/src/verify/rules';
import { BETWEEN_ORDERS } from './outcomes';
import { BROKEN, MODEL_TOTAL_MINOR, stockLevels } from './saga';
import type { World } from './world';

const stateOf = (name: string) => name.split(' ', 1)[0] ?? '';

function factsOf({ order, inventory, payment, charge, refunded }: World): OrderFacts {
  const [status = '', inventoryFacet, paymentFacet] = order.split(' ');
  // The name of an order is made of its status and its two facets.
  const facets = { status, inventory: inventoryFacet, payment: paymentFacet } as Pick<
    Order,
    'status' | 'inventory' | 'payment'
  >;
  const paymentStatus = stateOf(payment);
  return {
    orderId: 'order',
    order: { status, settled: isSettled(facets), totalMinor: MODEL_TOTAL_MINOR },
    reservation: inventory === 'NONE' ? undefined : inventory,
    payment: paymentStatus === 'NONE' ? undefined : paymentStatus,
    charges: charge === 'charged' ? [MODEL_TOTAL_MINOR] : [],
    refunds: refunded ? [MODEL_TOTAL_MINOR] : [],
    notifications: [],
  };
}

const count = (worlds: readonly World[], ...inventories: readonly string[]) =>
  worlds.filter(({ inventory }) => inventories.includes(inventory)).length;

/**
 * What is wrong at any moment, also while messages are on their way. The worlds are those of all orders; they share one
 * stock.
 */
export function brokenNow(worlds: readonly World[]): string[] {
  const levels = stockLevels(worlds[0]?.stock ?? '');
  const threw = worlds.flatMap(({ order, inventory, payment }) =>
    [order, inventory, payment].filter((name) => name.startsWith(BROKEN)),
  );
  if (threw.length > 0) return threw;
  const stock = stockBreaches({
    productId: 'the last unit',
    ...levels,
    reservedByOrders: count(worlds, 'RESERVED'),
    committedByOrders: count(worlds, 'COMMITTED'),
    adjusted: levels.units,
  });
  return [
    ...(count(worlds, 'RESERVED', 'COMMITTED') > levels.units ? ['oversold'] : []),
    ...stock.map(({ detail }) => `stock: ${detail}`),
    ...worlds.flatMap(({ handedOver, inventory }) =>
      handedOver && inventory === 'RELEASED' ? ['goods handed over are on sale again'] : [],
    ),
  ];
}

/** What is wrong when nothing more will happen by itself. */
export function brokenAtRest(worlds: readonly World[]): string[] {
  const { units } = stockLevels(worlds[0]?.stock ?? '');
  const held = count(worlds, 'RESERVED', 'COMMITTED', 'RELEASED');
  return [
    ...worlds.flatMap((world) => orderBreaches(factsOf(world)).map(({ detail }) => detail)),
    ...(held < units && count(worlds, 'UNAVAILABLE') > 0
      ? ['undersold: turned away from a unit that nobody held']
      : []),
  ];
}

/** How it ended for one order. */
function outcomeOfOne({ order, inventory, payment, charge, refunded }: World): string {
  const money = charge === 'charged' ? (refunded ? 'refunded' : 'kept') : 'none';
  return `${stateOf(order)} | ${inventory} | ${stateOf(payment)} | money ${money}`;
}

/** How it ended for all orders, which are alike: in alphabetical order. */
export const outcomeOf = (worlds: readonly World[]): string => worlds.map(outcomeOfOne).sort().join(BETWEEN_ORDERS);
