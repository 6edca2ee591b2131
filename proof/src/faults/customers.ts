/** The steady load: customers who order, change their minds and do not give up while the system is under faults. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RefusedError, type OrderRequest, type Shop } from '@quadrille/operator/src/demo/client';

/**
 * Orders a second: enough that something is under way at every moment, few enough for the machine to be busy with the
 * fault.
 */
const RATE = 10;

/** Customers waiting for an answer at once; beyond it no other comes. */
const WAITING_MAX = 100;

/** What a customer pauses before asking again. */
const RETRY_MS = 400;

/** A customer who had no answer by then gives up. */
const PATIENCE_MS = 120_000;

/** Longest time between an order and its cancellation: from before the reservation to after the payment. */
const CANCEL_WITHIN_MS = 600;

/** Different customers; each orders again and again. */
const CUSTOMERS = 50;

const MS_PER_S = 1_000;

const METHODS = [
  'tok_success',
  'tok_success',
  'tok_success',
  'tok_visa',
  'tok_success',
  'tok_decline',
  'tok_success',
  'tok_flaky_1',
  'tok_success',
  'tok_timeout',
];

/** A request and the key that it was sent with. */
export interface Asked {
  readonly request: OrderRequest;
  readonly key: string;
}

/** What the load did. */
export interface Load {
  /** Orders that were answered 2xx, by id. */
  readonly placed: ReadonlyMap<string, Asked>;
  /** Requests that were repeated: no answer, or one that said "later". */
  readonly repeated: () => number;
  /** Cancellations that were answered 2xx. */
  readonly cancelled: () => number;
  /** Answers that no fault excuses. */
  readonly wrong: readonly string[];
  /** One more order, placed as carefully as the others; its id, unless it was refused. */
  readonly place: (paymentMethod: string) => Promise<string | undefined>;
  /** Cancels as carefully. */
  readonly cancel: (orderId: string) => Promise<void>;
  /** So many orders a second, for as long as the load lasts. */
  readonly setRate: (perSecond: number) => void;
  /** No new customers; resolves when the last one has been answered. */
  readonly stop: () => Promise<void>;
}

/** A careful customer's call: again until there is an answer. Undefined when it can only be "no" or never came. */
async function insist<Result>(
  call: () => Promise<Result>,
  onRepeat: () => void,
  onRefused: (error: RefusedError) => void,
): Promise<Result | undefined> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof RefusedError && error.status < 500 && error.status !== 429) {
        onRefused(error);
        return undefined;
      }
      if (performance.now() > end) return undefined;
      onRepeat();
      await pause(RETRY_MS);
    }
  }
}

/** Customers who repeat what is not answered, and what came of their requests so far. */
function createCustomers(shop: Shop, products: readonly string[]) {
  const placed = new Map<string, Asked>();
  const wrong: string[] = [];
  let repeated = 0;
  let cancelled = 0;
  let count = 0;
  const onRepeat = () => {
    repeated += 1;
  };
  const place = async (payment_method: string): Promise<string | undefined> => {
    const n = count++;
    const request: OrderRequest = {
      customer_id: `customer-${String(n % CUSTOMERS)}`,
      items: [{ product_id: products[n % products.length] ?? '', quantity: 1 + (n % 3) }],
      payment_method,
    };
    const key = randomUUID();
    const order = await insist(
      () => shop.place(request, { 'idempotency-key': key }),
      onRepeat,
      (error) => wrong.push(error.message),
    );
    if (order) placed.set(order.order_id, { request, key });
    return order?.order_id;
  };
  const cancel = async (orderId: string) => {
    const answer = await insist(
      () => shop.cancel(orderId),
      onRepeat,
      (error) => {
        // Over before it was cancelled.
        if (error.status !== 409) wrong.push(error.message);
      },
    );
    if (answer) cancelled += 1;
  };
  return { placed, wrong, place, cancel, repeated: () => repeated, cancelled: () => cancelled };
}

/** Starts the load on products that are in stock by the hundred thousand. */
export function startLoad(shop: Shop, products: readonly string[]): Load {
  const customers = createCustomers(shop, products);
  const waiting = new Set<Promise<void>>();
  let rate = RATE;
  let stopped = false;
  const customer = async (n: number) => {
    const orderId = await customers.place(METHODS[n % METHODS.length] ?? 'tok_success');
    // Every fifth changes its mind: at once, or when the money is already taken.
    if (orderId === undefined || n % 5 !== 0) return;
    await pause((n % 4) * (CANCEL_WITHIN_MS / 3));
    await customers.cancel(orderId);
  };
  const run = async () => {
    for (let n = 0; !stopped; n++) {
      if (waiting.size < WAITING_MAX) {
        const served: Promise<void> = customer(n).finally(() => waiting.delete(served));
        waiting.add(served);
      }
      await pause(MS_PER_S / rate);
    }
  };
  const running = run();
  return {
    ...customers,
    setRate: (perSecond) => {
      rate = perSecond;
    },
    stop: async () => {
      stopped = true;
      await running;
      await Promise.all(waiting);
    },
  };
}
