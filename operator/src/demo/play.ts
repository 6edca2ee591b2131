/** Plays all orders of the demo, the kinds mixed as in a shop. */
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from '@quadrille/service-chassis';
import { openShop, RefusedError, type Order, type Shop, type ShopAddresses } from './client';
import { chooseAssortment } from './assortment';
import { kinds, outcomeOf, type Assortment, type Kind } from './kinds';

/** Pause between two orders, in milliseconds: 40 a second is busy and can still be watched. */
const ARRIVAL_MS = 25;

/** No order takes longer, in milliseconds: all retries and a resolved outcome take some 12 s. */
const ORDER_WITHIN_MS = 60_000;

const CUSTOMERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];

/** One order that was played. */
export interface Played {
  readonly kind: Kind;
  readonly observed: string;
  /** Undefined when the order could not be placed. */
  readonly orderId: string | undefined;
  /** From the request until it was settled. */
  readonly tookMs: number;
}

/** The progress of the demo. */
export interface DemoState {
  readonly total: number;
  readonly started: number;
  readonly done: number;
  readonly unexpected: number;
}

/** The kind of each order to play, the kinds spread evenly. */
function shuffled(): Kind[] {
  return kinds
    .flatMap((kind) => Array.from({ length: kind.orders }, (_, n) => ({ kind, at: (n + 0.5) / kind.orders })))
    .sort((a, b) => a.at - b.at)
    .map(({ kind }) => kind);
}

async function paymentStatus(shop: Shop, { order_id, status }: Order): Promise<string | undefined> {
  if (status !== 'CANCELLED' && status !== 'REFUNDED') return undefined;
  return (await shop.paymentOf(order_id)).status;
}

async function playOne(shop: Shop, kind: Kind, assortment: Assortment, customerId: string): Promise<Played> {
  const began = performance.now();
  const signal = AbortSignal.timeout(ORDER_WITHIN_MS);
  try {
    const order = await kind.play({ shop, assortment, customerId, signal });
    const tookMs = performance.now() - began;
    return { kind, observed: outcomeOf(order, await paymentStatus(shop, order)), orderId: order.order_id, tookMs };
  } catch (error) {
    const observed = signal.aborted
      ? `not settled within ${String(ORDER_WITHIN_MS / 1_000)} s`
      : error instanceof RefusedError
        ? error.message
        : `no answer: ${reasonOf(error)}`;
    return { kind, observed, orderId: undefined, tookMs: performance.now() - began };
  }
}

/** Plays all orders; calls `onChange` when an order begins or ends. */
export async function playAll(addresses: ShopAddresses, onChange: (state: DemoState) => void): Promise<Played[]> {
  const shop = openShop(addresses);
  const assortment = chooseAssortment(await shop.products());
  const orders = shuffled();
  const state = { total: orders.length, started: 0, done: 0, unexpected: 0 };
  const running: Promise<Played>[] = [];
  for (const [index, kind] of orders.entries()) {
    const customerId = CUSTOMERS[index % CUSTOMERS.length] ?? 'alice';
    state.started += 1;
    onChange(state);
    running.push(
      playOne(shop, kind, assortment, customerId).then((played) => {
        state.done += 1;
        if (played.observed !== kind.expected) state.unexpected += 1;
        onChange(state);
        return played;
      }),
    );
    await pause(ARRIVAL_MS);
  }
  return Promise.all(running);
}
