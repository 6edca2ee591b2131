/**
 * The seven invariants of the protocol as pure functions from facts to breaches. All checkers use this implementation.
 */
import type { Breach, KeyFacts, OrderFacts, OutboxFacts, QueueFacts, StockFacts } from './facts';

const MINOR_PER_UNIT = 100;
const money = (minor: number) => (minor / MINOR_PER_UNIT).toFixed(2);
const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);

/** Describes everything that the services hold about an order in one line. */
function describe({ order, reservation, payment, charges, refunds, notifications }: OrderFacts): string {
  const states = `order ${order?.status ?? 'missing'}, reservation ${reservation ?? 'none'}, payment ${payment ?? 'none'}`;
  const books = `${states}, charged ${money(sum(charges))}, refunded ${money(sum(refunds))}`;
  const isKnown = order ?? reservation ?? payment ?? [...charges, ...refunds][0];
  // Without the notifications, the line of an unknown order would be empty.
  if (isKnown !== undefined || notifications.length === 0) return books;
  return `known from a notification only (${[...new Set(notifications)].join(', ')}): ${books}`;
}

/** Order, reservation and payment that may be at rest together. */
const AGREEMENTS: ReadonlySet<string> = new Set([
  'CONFIRMED COMMITTED SUCCEEDED',
  'COMPLETED COMMITTED SUCCEEDED',
  'REFUNDED COMMITTED REFUNDED',
  'REJECTED UNAVAILABLE none',
  'FAILED RELEASED FAILED',
  'CANCELLED TOMBSTONE VOIDED',
  'CANCELLED UNAVAILABLE VOIDED',
  'CANCELLED RELEASED VOIDED',
  'CANCELLED RELEASED FAILED',
  'CANCELLED RELEASED REFUNDED',
]);

/** Whether an order is not settled yet: the other invariants can be checked only when it is. */
const isUnsettled = ({ order }: OrderFacts): boolean => order?.settled === false;

/**
 * Breaches of invariants 1, 3, 4 and 5 by one order. For an order that is not settled, the steps that are still missing
 * are no further breaches.
 */
export function orderBreaches(facts: OrderFacts): Breach[] {
  const { orderId, order, reservation, payment, charges, refunds, notifications } = facts;
  const breach = (invariant: Breach['invariant'], detail: string): Breach => ({ invariant, orderId, detail });
  const breaches: Breach[] = [];
  if (isUnsettled(facts)) breaches.push(breach(1, `not settled: ${describe(facts)}`));
  if (charges.length > 1) breaches.push(breach(3, `charged ${String(charges.length)} times: ${describe(facts)}`));
  if (refunds.length > 1) breaches.push(breach(3, `refunded ${String(refunds.length)} times: ${describe(facts)}`));
  if (!isUnsettled(facts)) {
    breaches.push(...moneyWrong(facts).map((detail) => breach(3, detail)));
    const states = `${order?.status ?? 'none'} ${reservation ?? 'none'} ${payment ?? 'none'}`;
    if (!AGREEMENTS.has(states)) breaches.push(breach(4, describe(facts)));
    else if (breaches.length === 0 && !isLedgered(facts))
      breaches.push(breach(3, `the payment says something else than the bank: ${describe(facts)}`));
  }
  const repeated = [...new Set(notifications.filter((kind, index) => notifications.indexOf(kind) !== index))];
  if (repeated.length > 0) breaches.push(breach(5, `more than one notification of: ${repeated.join(', ')}`));
  return breaches;
}

/** What is wrong with the money of a settled order. */
function moneyWrong(facts: OrderFacts): string[] {
  const { order, charges, refunds } = facts;
  const sold = order?.status === 'CONFIRMED' || order?.status === 'COMPLETED';
  if (sold && order.totalMinor === null) return [`sold without a price: ${describe(facts)}`];
  const due = sold ? (order.totalMinor ?? 0) : 0;
  return sum(charges) - sum(refunds) === due ? [] : [`${money(due)} are due: ${describe(facts)}`];
}

/** Whether the gateway's ledger agrees with the payment. */
const isLedgered = ({ payment, charges, refunds }: OrderFacts): boolean =>
  charges.length === (payment === 'SUCCEEDED' || payment === 'REFUNDED' ? 1 : 0) &&
  refunds.length === (payment === 'REFUNDED' ? 1 : 0);

/** The breach of an order that was accepted (2xx) and does not exist. */
export const vanishedBreach = (orderId: string): Breach => ({
  invariant: 1,
  orderId,
  detail: 'was answered 2xx and does not exist',
});

/** Breaches of invariant 2 by one product. */
export function stockBreaches(stock: StockFacts): Breach[] {
  const { productId, available, reserved, committed, reservedByOrders, committedByOrders, adjusted } = stock;
  const total = available + reserved + committed;
  const wrong = [
    ...(available < 0 ? [`${String(available)} available`] : []),
    ...(reserved === reservedByOrders ? [] : [`${String(reserved)} reserved, ${String(reservedByOrders)} by orders`]),
    ...(committed === committedByOrders
      ? []
      : [`${String(committed)} committed, ${String(committedByOrders)} by orders`]),
    ...(total === adjusted ? [] : [`${String(total)} in all, ${String(adjusted)} by its adjustments`]),
  ];
  return wrong.length === 0 ? [] : [{ invariant: 2, productId, detail: wrong.join('; ') }];
}

export const isParkingLot = (queue: string) => queue.endsWith('.dead-letter') || queue.endsWith('.invalid');

/** How many messages are in the parking queues. */
export const parkedIn = (queues: readonly QueueFacts[]): number =>
  sum(queues.filter(({ name }) => isParkingLot(name)).map(({ ready, unacknowledged }) => ready + unacknowledged));

/**
 * How old the management API's count of unacknowledged messages may be on a busy broker, in milliseconds: two of its
 * intervals of 5 s.
 */
const MANAGEMENT_LAG_MS = 10_000;

/** Breaches of invariant 6. `poison`: how many messages were planted on purpose; exactly these must be parked. */
export function restBreaches(
  outboxes: readonly OutboxFacts[],
  queues: readonly QueueFacts[],
  poison: number,
): Breach[] {
  const rows = outboxes
    .filter(({ waiting }) => waiting > 0)
    .map(
      ({ service, waiting, oldestSeconds, attempts }) =>
        `outbox of ${service}: ${String(waiting)} unpublished, the oldest for ${String(oldestSeconds)} s, tried ${String(attempts)} times`,
    );
  const full = queues
    .filter(({ name, ready, unacknowledged }) => !isParkingLot(name) && ready + unacknowledged > 0)
    .map(({ name, ready, unacknowledged }): Breach => ({
      invariant: 6,
      detail: `queue ${name}: ${String(ready)} messages ready, ${String(unacknowledged)} unacknowledged`,
      ...(ready === 0 ? { readLateMs: MANAGEMENT_LAG_MS } : {}),
    }));
  return [
    ...rows.map((detail): Breach => ({ invariant: 6, detail, lasting: true })),
    ...full,
    ...parkedWrong(queues, poison).map((detail): Breach => ({ invariant: 6, detail, offender: 'parking queues' })),
  ];
}

function parkedWrong(queues: readonly QueueFacts[], poison: number): string[] {
  const parked = parkedIn(queues);
  if (parked === poison) return [];
  const where = queues
    .filter(({ name, ready, unacknowledged }) => isParkingLot(name) && ready + unacknowledged > 0)
    .map(({ name, ready, unacknowledged }) => `${name} ${String(ready + unacknowledged)}`);
  return [
    `${String(parked)} messages are parked, not ${String(poison)}: ${where.join(', ') || 'none in any queue'} (--poison says how many were put in on purpose)`,
  ];
}

/** Breaches of invariant 7. */
export const keyBreaches = (keys: readonly KeyFacts[]): Breach[] =>
  keys.map(({ key, orderIds }) => ({
    invariant: 7,
    ...(orderIds[0] === undefined ? {} : { orderId: orderIds[0] }),
    detail: `Idempotency-Key ${key} has ${String(orderIds.length)} orders: ${orderIds.join(', ')}`,
  }));
