/** Customers and operators: what they order, when they change their minds, and how they cope with a service that is away. */
import { catalogue } from '@quadrille/inventory-service/src/catalogue';
import { requestedOrder } from '@quadrille/order-service/src/adapters/http/place-order';
import { placementKey } from '@quadrille/order-service/src/adapters/database/order-store';
import type { Handled } from '@quadrille/service-chassis';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import { createAnswers } from '../checkers/answers';
import { arrivals } from '../faults/fault-plan';
import type { Finding } from '../report';
import { createRandom, type Random } from '../engine/random';
import { world, type Scheduler } from '../engine/scheduler';
import type { SimulatedSystem } from '../world/system';
import type { Coverage } from '../checkers/coverage';

/** Requests that are sent at most for one wish; between two of them a customer pauses. */
const TRIES_MAX = 60;
const PAUSE_MS = { least: 200, most: 1_500 } as const;

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

/** What has become of the shop's customers. */
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

/** Opens the shop: every customer comes at their time. */
export function createCustomers(options: {
  readonly seed: number;
  readonly orders: number;
  readonly scheduler: Scheduler;
  readonly system: SimulatedSystem;
  readonly coverage: Coverage;
  readonly record: (line: string) => void;
}): Customers {
  const { seed, orders, scheduler, system, coverage, record } = options;
  const answers = createAnswers();
  let busy = 0;
  let placed = 0;

  const later = (ms: number, run: () => void) => {
    busy += 1;
    scheduler.after(ms, world, () => {
      busy -= 1;
      run();
    });
  };
  /** A request, again and again until it is answered. */
  const insist = <State>(
    ask: (answered: (answer: Handled<State> | Error) => void) => void,
    random: Random,
    answered: (answer: Handled<State>) => void,
    triesMax = TRIES_MAX,
    tries = 1,
  ) => {
    busy += 1;
    ask((answer) => {
      busy -= 1;
      if (!(answer instanceof Error)) answered(answer);
      else if (tries < triesMax)
        later(random.between(PAUSE_MS.least, PAUSE_MS.most), () => {
          insist(ask, random, answered, triesMax, tries + 1);
        });
      else if (tries === TRIES_MAX) answers.unanswered(answer.message);
    });
  };

  const cancel = (orderId: string, traceparent: string, random: Random) => {
    later(regretMs(random), () => {
      insist<OrderState>(
        (answered) => {
          system.askOrder({ key: orderId, message: { type: 'CancelOrder' }, cause: { traceparent } }, answered);
        },
        random,
        ({ outcome, state }) => {
          answers.order(state, outcome);
          coverage.count(
            outcome.startsWith('cancelled') ? 'a customer cancelled' : 'a cancellation met an order that was over',
          );
        },
      );
    });
  };
  const complete = (orderId: string, traceparent: string, random: Random, tries = 5) => {
    later(random.between(50, 8_000), () => {
      insist<OrderState>(
        (answered) => {
          system.askOrder({ key: orderId, message: { type: 'CompleteOrder' }, cause: { traceparent } }, answered);
        },
        random,
        ({ outcome, state }) => {
          answers.order(state, outcome);
          if (outcome === 'completed') coverage.count('an order was handed over');
          else if (state?.status === 'PENDING' && tries > 1) complete(orderId, traceparent, random, tries - 1);
        },
      );
    });
  };
  const refund = (orderId: string, traceparent: string, random: Random) => {
    later(random.between(1_000, 60_000), () => {
      // The operator looks the payment up first, as the HTTP adapter does.
      if (!system.tables.payment.payments.table.rows.has(orderId)) return;
      insist<Payment>(
        (answered) => {
          system.askPayment({ key: orderId, message: { type: 'RefundPayment' }, cause: { traceparent } }, answered);
        },
        random,
        ({ outcome, state }) => {
          answers.payment(state, outcome);
          if (outcome === 'refunding') coverage.count('an operator refunded');
        },
      );
    });
  };

  const place = (index: number) => {
    const random = createRandom(`${String(seed)} order ${String(index)}`);
    placed += 1;
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
    const request = (triesMax: number) => {
      insist<OrderState>(
        (answered) => {
          // Every request makes an order of its own; the key makes it the same one.
          const order = requestedOrder(placement, key);
          system.askOrder(
            { key: placementKey(order), message: { type: 'PlaceOrder', order }, cause: { traceparent } },
            answered,
          );
        },
        random,
        ({ state, outcome }) => {
          if (!state) throw new Error('placing an order left no order');
          record(`order ${state.orderId} ${outcome}`);
          answers.placed(state, totalOf(state));
          if (outcome === 'unchanged: placed already') coverage.count('a repeated request found its order');
          if (known) return;
          known = true;
          if (wishes.cancelled) cancel(state.orderId, traceparent, random);
          if (wishes.completed) complete(state.orderId, traceparent, random);
          if (wishes.refunded) refund(state.orderId, traceparent, random);
        },
        triesMax,
      );
    };
    // Without a key a second request would be a second order: such a customer asks once, and may never know.
    request(keyed ? TRIES_MAX : 1);
    if (keyed && random.chance(SHARES.twice / SHARES.keyed)) request(TRIES_MAX);
  };

  arrivals(seed, orders).forEach((atMs, index) => {
    later(atMs, () => {
      place(index);
    });
  });
  return { busy: () => busy, placed: () => placed, findings: () => answers.findings(system.tables) };
}
