/**
 * Customers and operators: what they order, when they change their minds, and how they cope with a service that is
 * away.
 */
import { catalogue } from '@quadrille/inventory-service/src/catalogue';
import { requestedOrder } from '@quadrille/order-service/src/adapters/http/place-order';
import { placementKey } from '@quadrille/order-service/src/adapters/database/order-store';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import { createAnswers, type Answers } from '../checkers/answers';
import { arrivals } from '../faults/fault-plan';
import type { Finding } from '../report';
import { createRandom, type Random } from '../engine/random';
import type { Scheduler } from '../engine/scheduler';
import type { SimulatedSystem } from '../world/system';
import type { Coverage } from '../checkers/coverage';
import { createWaiting, TRIES_MAX, type Waiting } from './insist';

/** What customers do, as shares of all orders. */
const SHARES = {
  keyed: 0.3,
  twice: 0.1,
  cancelled: 0.3,
  completed: 0.2,
  refunded: 0.05,
  unknown: 0.01,
  mismatch: 0.01,
};

/** Payment methods, each as often as it stands here. */
const METHODS = [
  ...Array<string>(9).fill('tok_visa'),
  ...Array<string>(5).fill('tok_success'),
  'tok_decline',
  'tok_flaky_1',
  'tok_flaky_2',
  'tok_flaky_3',
  'tok_timeout',
  'tok_unavailable',
];

const available = catalogue.filter(({ stock }) => stock > 0);
const [plenty] = available;

/** The customers of a run. */
export interface Customers {
  /** Customers and operators that are not done yet. */
  busy(): number;
  placed(): number;
  /** Answers that were not kept. */
  readonly findings: () => readonly Finding[];
}

/** An order's lines: mostly of what there is plenty of, sometimes of what sells out. */
function linesOf(random: Random) {
  const lines = new Map<string, { productId: string; quantity: number; unitPriceMinor: number | null }>();
  for (let count = 1 + random.below(2); count > 0; count--) {
    const product = random.chance(0.6) ? plenty : random.pick(available);
    if (!product) continue;
    const unitPriceMinor = random.chance(SHARES.mismatch) ? product.priceMinor + 1 : null;
    const { productId } = product;
    lines.set(productId, { productId, quantity: 1 + random.below(3), unitPriceMinor });
  }
  if (random.chance(SHARES.unknown)) lines.set('moon', { productId: 'moon', quantity: 1, unitPriceMinor: 100 });
  return [...lines.values()];
}

const priceOf = new Map(catalogue.map(({ productId, priceMinor }) => [productId, priceMinor]));

/** What an order costs by the catalogue, in minor units. */
const totalOf = ({ items }: NonNullable<OrderState>): number =>
  items.reduce((total, { productId, quantity }) => total + quantity * (priceOf.get(productId) ?? 0), 0);

/** When a customer regrets: at once, soon, or long after. */
function regretMs(random: Random): number {
  const draw = random.next();
  if (draw < 0.4) return random.between(0, 30);
  if (draw < 0.8) return random.between(30, 4_000);
  return random.between(4_000, 90_000);
}

const traceparentOf = (random: Random) => {
  const hex = (digits: number) =>
    Array.from({ length: digits / 8 }, () => (1 + random.below(2 ** 32 - 1)).toString(16).padStart(8, '0')).join('');
  return `00-${hex(32)}-${hex(16)}-01`;
};

/** What customers are created with. */
export interface CustomersOptions {
  readonly seed: number;
  readonly orders: number;
  readonly scheduler: Scheduler;
  readonly system: SimulatedSystem;
  readonly coverage: Coverage;
  readonly record: (line: string) => void;
}

/** What every customer uses. */
interface Context extends CustomersOptions, Waiting {
  readonly answers: Answers;
}

/** One order: its customer's dice, and the trace of all its requests. */
interface Order {
  readonly orderId: string;
  readonly random: Random;
  readonly traceparent: string;
}

/** Schedules every customer at their time. */
export function createCustomers(options: CustomersOptions): Customers {
  const answers = createAnswers();
  const waiting = createWaiting(options.scheduler, answers.unanswered);
  const context: Context = { ...options, ...waiting, answers };
  let placed = 0;
  arrivals(options.seed, options.orders).forEach((atMs, index) => {
    waiting.later(atMs, () => {
      placed += 1;
      place(context, index);
    });
  });
  return { busy: waiting.busy, placed: () => placed, findings: () => answers.findings(options.system.tables) };
}

/** A customer places an order, some twice, and later changes their mind, is handed the order, or is refunded. */
function place(context: Context, index: number): void {
  const random = createRandom(`${String(context.seed)} order ${String(index)}`);
  const keyed = random.chance(SHARES.keyed);
  const placement = {
    customerId: `customer-${String(random.below(5_000))}`,
    items: linesOf(random),
    currency: 'USD',
    paymentMethod: random.pick(METHODS),
  };
  const key = keyed ? `key-${String(index)}` : null;
  const traceparent = traceparentOf(random);
  const wishes = {
    cancelled: random.chance(SHARES.cancelled),
    completed: random.chance(SHARES.completed),
    refunded: random.chance(SHARES.refunded),
  };
  let known = false;
  const onPlaced = (orderId: string) => {
    if (known) return;
    known = true;
    const order = { orderId, random, traceparent };
    if (wishes.cancelled) cancel(context, order);
    if (wishes.completed) complete(context, order);
    if (wishes.refunded) refund(context, order);
  };
  const request = (triesMax: number) => {
    requestOrder(context, { random, placement, key, traceparent, triesMax }, onPlaced);
  };
  // Without a key a second request would be a second order: such a customer asks once, and may never know.
  request(keyed ? TRIES_MAX : 1);
  if (keyed && random.chance(SHARES.twice / SHARES.keyed)) request(TRIES_MAX);
}

function requestOrder(
  { system, answers, coverage, record, insist }: Context,
  sent: {
    readonly random: Random;
    readonly placement: Parameters<typeof requestedOrder>[0];
    readonly key: string | null;
    readonly traceparent: string;
    readonly triesMax: number;
  },
  onPlaced: (orderId: string) => void,
): void {
  const { random, placement, key, traceparent, triesMax } = sent;
  insist<OrderState>(random, {
    ask: (answered) => {
      // Every request makes an order of its own; the key makes it the same one.
      const order = requestedOrder(placement, key);
      system.askOrder(
        { key: placementKey(order), message: { type: 'PlaceOrder', order }, cause: { traceparent } },
        answered,
      );
    },
    answered: ({ state, outcome }) => {
      if (!state) throw new Error('placing an order left no order');
      record(`order ${state.orderId} ${outcome}`);
      answers.placed(state, totalOf(state));
      if (outcome === 'unchanged: placed already') coverage.count('a repeated request found its order');
      onPlaced(state.orderId);
    },
    triesMax,
  });
}

function cancel({ system, answers, coverage, later, insist }: Context, order: Order): void {
  const { orderId, random, traceparent } = order;
  later(regretMs(random), () => {
    insist<OrderState>(random, {
      ask: (answered) => {
        system.askOrder({ key: orderId, message: { type: 'CancelOrder' }, cause: { traceparent } }, answered);
      },
      answered: ({ outcome, state }) => {
        answers.order(state, outcome);
        coverage.count(
          outcome.startsWith('cancelled') ? 'a customer cancelled' : 'a cancellation met an order that was over',
        );
      },
    });
  });
}

function complete(context: Context, order: Order, tries = 5): void {
  const { system, answers, coverage, later, insist } = context;
  const { orderId, random, traceparent } = order;
  later(random.between(50, 8_000), () => {
    insist<OrderState>(random, {
      ask: (answered) => {
        system.askOrder({ key: orderId, message: { type: 'CompleteOrder' }, cause: { traceparent } }, answered);
      },
      answered: ({ outcome, state }) => {
        answers.order(state, outcome);
        if (outcome === 'completed') coverage.count('an order was handed over');
        else if (state?.status === 'PENDING' && tries > 1) complete(context, order, tries - 1);
      },
    });
  });
}

function refund({ system, answers, coverage, later, insist }: Context, order: Order): void {
  const { orderId, random, traceparent } = order;
  later(random.between(1_000, 60_000), () => {
    // The operator looks the payment up first, as the HTTP adapter does.
    if (!system.tables.payment.payments.table.rows.has(orderId)) return;
    insist<Payment>(random, {
      ask: (answered) => {
        system.askPayment({ key: orderId, message: { type: 'RefundPayment' }, cause: { traceparent } }, answered);
      },
      answered: ({ outcome, state }) => {
        answers.payment(state, outcome);
        if (outcome === 'refunding') coverage.count('an operator refunded');
      },
    });
  });
}
