/** The kinds of orders of the demo: what is ordered, what happens to the order meanwhile, and how it must end. */
import { randomUUID } from 'node:crypto';
import type { Order, OrderRequest, Product, Shop } from './client';

/** The products that the demo orders. */
export interface Assortment {
  /** A product with hundreds of units in stock, and a price. */
  readonly stocked: Product;
  /** Other products in stock. */
  readonly others: readonly Product[];
  /** A product with fewer units in stock than `scarceQuantity`. */
  readonly scarce: Product;
  readonly scarceQuantity: number;
}

/** One order of a kind, while it is played. */
export interface Play {
  readonly shop: Shop;
  readonly assortment: Assortment;
  readonly customerId: string;
  readonly signal: AbortSignal;
}

/** A kind of order. */
export interface Kind {
  readonly name: string;
  readonly orders: number;
  /** How it must end, in the words of `outcomeOf`. */
  readonly expected: string;
  /** Plays one order; resolves with it when it is settled for good. */
  readonly play: (play: Play) => Promise<Order>;
}

/** Requests that are sent at once with the same Idempotency-Key. */
const REPETITIONS = 20;

const request = (
  { assortment, customerId }: Play,
  payment_method: string,
  items: OrderRequest['items'] = [{ product_id: assortment.stocked.product_id, quantity: 1 }],
): OrderRequest => ({ customer_id: customerId, items, payment_method });

/** Places an order and follows it until it is settled. */
async function place(play: Play, method: string, items?: OrderRequest['items']): Promise<Order> {
  const { order_id } = await play.shop.place(request(play, method, items));
  return play.shop.settled(order_id, play.signal);
}

/** Acts on an order and follows it until it is settled again. */
async function then(play: Play, { order_id }: Order, act: (orderId: string) => Promise<unknown>): Promise<Order> {
  await act(order_id);
  return play.shop.settled(order_id, play.signal);
}

/** Refunds an order as an operator does, and waits until the order shows it. */
async function refund(play: Play, order: Order, status: Order['status']): Promise<Order> {
  const { payment_id } = await play.shop.paymentOf(order.order_id);
  await play.shop.refund(payment_id);
  for (;;) {
    const now = await play.shop.settled(order.order_id, play.signal);
    if (now.status === status) return now;
    play.signal.throwIfAborted();
  }
}

async function cancelBetweenAttempts(play: Play): Promise<Order> {
  const { order_id } = await play.shop.place(request(play, 'tok_unavailable'));
  for await (const { type } of play.shop.stream(order_id, play.signal)) if (type === 'PaymentAttemptFailed') break;
  await play.shop.cancel(order_id);
  return play.shop.settled(order_id, play.signal);
}

async function sameKey(play: Play): Promise<Order> {
  const headers = { 'idempotency-key': randomUUID() };
  const asked = request(play, 'tok_success');
  const orders = await Promise.all(Array.from({ length: REPETITIONS }, () => play.shop.place(asked, headers)));
  const ids = new Set(orders.map(({ order_id }) => order_id));
  const [first] = ids;
  if (first === undefined || ids.size > 1) throw new Error(`one key made ${String(ids.size)} orders`);
  return play.shop.settled(first, play.signal);
}

const dearer = (price: string | null) => String(Number(price ?? 0) + 1);

/** Describes how an order ended in a few words; `payment` is the status of its payment, if it has one. */
export function outcomeOf({ status, reason, attempts }: Order, payment: string | undefined): string {
  const because = reason === null || reason === status ? '' : `: ${reason}`;
  // How far a cancelled order had come depends on timing.
  const tried = attempts > 1 && status !== 'CANCELLED' ? `, ${String(attempts)} attempts` : '';
  const returned = status === 'CANCELLED' || status === 'REFUNDED' ? `, payment ${payment ?? 'none'}` : '';
  return `${status}${because}${tried}${returned}`;
}

/** All kinds; some 200 orders together. */
export const kinds: readonly Kind[] = [
  { name: 'Good', orders: 50, expected: 'CONFIRMED', play: (play) => place(play, 'tok_success') },
  {
    name: 'Several lines',
    orders: 20,
    expected: 'CONFIRMED',
    play: (play) =>
      place(
        play,
        'tok_success',
        play.assortment.others.map(({ product_id }, index) => ({ product_id, quantity: 1 + (index % 2) })),
      ),
  },
  {
    name: 'Out of stock',
    orders: 14,
    expected: 'REJECTED: OUT_OF_STOCK',
    play: (play) => {
      const { scarce, scarceQuantity: quantity } = play.assortment;
      return place(play, 'tok_success', [{ product_id: scarce.product_id, quantity }]);
    },
  },
  {
    name: 'Unknown product',
    orders: 10,
    expected: 'REJECTED: UNKNOWN_PRODUCT',
    play: (play) => place(play, 'tok_success', [{ product_id: 'left-handed-teapot', quantity: 1 }]),
  },
  {
    name: 'Wrong price',
    orders: 10,
    expected: 'REJECTED: PRICE_MISMATCH',
    play: (play) => {
      const { product_id, price } = play.assortment.stocked;
      return place(play, 'tok_success', [{ product_id, quantity: 1, price: dearer(price) }]);
    },
  },
  { name: 'Declined', orders: 14, expected: 'FAILED: DECLINED', play: (play) => place(play, 'tok_decline') },
  { name: 'Flaky gateway', orders: 12, expected: 'CONFIRMED, 3 attempts', play: (play) => place(play, 'tok_flaky_2') },
  {
    name: 'Gateway down',
    orders: 8,
    expected: 'FAILED: GATEWAY_UNAVAILABLE, 4 attempts',
    play: (play) => place(play, 'tok_unavailable'),
  },
  {
    name: 'Answer lost',
    orders: 8,
    expected: 'CONFIRMED, 2 attempts',
    play: (play) => place(play, 'tok_timeout'),
  },
  {
    name: 'Cancelled at once',
    orders: 10,
    expected: 'CANCELLED: CUSTOMER_REQUEST, payment VOIDED',
    play: async (play) => {
      const { order_id } = await play.shop.place(request(play, 'tok_unavailable'));
      await play.shop.cancel(order_id);
      return play.shop.settled(order_id, play.signal);
    },
  },
  {
    name: 'Cancelled between attempts',
    orders: 8,
    expected: 'CANCELLED: CUSTOMER_REQUEST, payment VOIDED',
    play: cancelBetweenAttempts,
  },
  {
    name: 'Cancelled after payment',
    orders: 10,
    expected: 'CANCELLED: CUSTOMER_REQUEST, payment REFUNDED',
    play: async (play) => then(play, await place(play, 'tok_success'), play.shop.cancel),
  },
  {
    name: 'Completed',
    orders: 10,
    expected: 'COMPLETED',
    play: async (play) => then(play, await place(play, 'tok_success'), play.shop.complete),
  },
  {
    name: 'Refunded by an operator',
    orders: 6,
    expected: 'CANCELLED: REFUNDED, payment REFUNDED',
    play: async (play) => refund(play, await place(play, 'tok_success'), 'CANCELLED'),
  },
  {
    name: 'Refunded after completion',
    orders: 6,
    expected: 'REFUNDED, payment REFUNDED',
    play: async (play) =>
      refund(play, await then(play, await place(play, 'tok_success'), play.shop.complete), 'REFUNDED'),
  },
  { name: `One key, ${String(REPETITIONS)} requests`, orders: 4, expected: 'CONFIRMED', play: sameKey },
];
