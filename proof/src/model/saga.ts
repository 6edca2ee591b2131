/**
 * The three services that hold money or stock, as the model sees them: their own decision functions, called on states
 * reduced to what can make a difference later. A state is known by its name, an event by its type; whatever else they
 * carry (amounts, reasons, counters) is fixed, so that equal situations are one state.
 */
import { decideBy } from '@quadrille/service-chassis';
import {
  envelop,
  eventTypes,
  type NewEvent,
  type DomainEvent,
  type EventData,
  type EventType,
} from '@quadrille/shared-events';
import { service as inventoryService } from '@quadrille/inventory-service';
import { service as orderService } from '@quadrille/order-service';
import { service as paymentService } from '@quadrille/payment-service';

/** The participants of the model. notification-service only listens and undoes nothing. */
export type Participant = 'order' | 'inventory' | 'payment';

const decideOrder = decideBy(orderService);
const decideReservation = decideBy(inventoryService);
const decidePayment = decideBy(paymentService);

type OrderState = NonNullable<Parameters<typeof decideOrder>[0]>;
type ReservationState = Parameters<typeof decideReservation>[0];
type PaymentState = Parameters<typeof decidePayment>[0];
type OrderMessage = Parameters<typeof decideOrder>[1];
type ReservationMessage = Parameters<typeof decideReservation>[1];
type PaymentMessage = Parameters<typeof decidePayment>[1];

const who = { orderId: 'order', customerId: 'customer' };
const items = [{ productId: 'mug', quantity: 1, unitPriceMinor: 1_000 }];
/** What every order of the model costs, in minor units. */
export const MODEL_TOTAL_MINOR = 1_000;
const money = { totalMinor: MODEL_TOTAL_MINOR, currency: 'USD' };
const paymentMethod = 'tok_success';
const ATTEMPTS = 4;

const data: { readonly [Type in EventType]: EventData<Type> } = {
  OrderCreated: { ...who, items, currency: 'USD', paymentMethod },
  OrderConfirmed: { ...who, ...money },
  OrderCompleted: who,
  OrderCancelled: { ...who, reason: 'CUSTOMER_REQUEST' },
  InventoryReserved: { ...who, items, ...money, paymentMethod },
  InventoryUnavailable: {
    ...who,
    reason: 'OUT_OF_STOCK',
    lines: [{ productId: 'mug', quantity: 1, quantityAvailable: 0, unitPriceMinor: 1_000 }],
  },
  // A cancelled order does not ask for the reason.
  InventoryReleased: { ...who, items, reason: 'GATEWAY_UNAVAILABLE' },
  PaymentProcessed: { ...who, ...money, paymentId: 'payment', attempts: ATTEMPTS },
  PaymentAttemptFailed: { ...who, attempt: 1, reason: 'NOT_PROCESSED', retryInMs: 1_000 },
  PaymentFailed: { ...who, attempts: ATTEMPTS, reason: 'GATEWAY_UNAVAILABLE' },
  PaymentVoided: who,
  PaymentRefunded: { ...who, ...money, paymentId: 'payment' },
};

/** The event of a type, the same at every sending, unless its data differs in `changes`. */
export const eventOf = <Type extends EventType>(
  type: Type,
  changes: Partial<EventData<Type>> = {},
): DomainEvent<Type> => envelop(type, { ...data[type], ...changes }, { id: type, time: '2026-11-21T12:00:00.000Z' });

const events = new Map<EventType, DomainEvent>(eventTypes.map((type) => [type, eventOf(type)]));

/** What reaches the participants besides events, by name. Answers and timers name the attempt that they are about. */
const inputs = {
  CancelOrder: { type: 'CancelOrder' },
  CompleteOrder: { type: 'CompleteOrder' },
  OrderOverdue: { type: 'OrderOverdue' },
  ReservationOverdue: { type: 'ReservationOverdue' },
  PaymentOverdue: { type: 'PaymentOverdue' },
  RefundPayment: { type: 'RefundPayment' },
  RetryDue: { type: 'RetryDue' },
  'RetryDue of an earlier attempt': { type: 'RetryDue', before: 1 },
  'charge: charged': { type: 'ChargeAnswered', answer: 'charged' },
  'charge: declined': { type: 'ChargeAnswered', answer: 'declined' },
  'charge: not processed': { type: 'ChargeAnswered', answer: 'not processed' },
  'charge: no answer': { type: 'ChargeAnswered', answer: 'no answer' },
  'resolve: charged': { type: 'ResolveAnswered', answer: 'charged' },
  'resolve: declined': { type: 'ResolveAnswered', answer: 'declined' },
  'resolve: void': { type: 'ResolveAnswered', answer: 'void' },
  'refund: refunded': { type: 'RefundAnswered', answer: 'refunded' },
} as const;

/** The name of an input that is no event. */
export type InputName = keyof typeof inputs;

const isEvent = (name: EventType | InputName): name is EventType => !(name in inputs);

const inputOf = (name: InputName, attempt: number) => {
  const input = inputs[name];
  return { ...input, attempt: 'before' in input ? attempt - input.before : attempt };
};

/** What a decision said, as names. */
export interface Said {
  readonly next: string;
  /** The stock as the decision left it; absent where it has none in hand. */
  readonly stock?: string;
  readonly sends: readonly EventType[];
}

interface ModelOptions {
  /** In a world where messages are lost, every repeated trigger comes after the healing time. */
  readonly stale: boolean;
}

/** The order of a name, such as `PENDING reserved none`, or `PENDING reserved none late` beyond its deadline. */
export const orderOf = (name: string, { stale }: ModelOptions): OrderState => {
  const [status, inventory, payment, deadline] = name.split(' ');
  // Names are made by nameOf below, from states of exactly these types.
  return {
    ...who,
    status,
    inventory,
    payment,
    reason: null,
    items,
    currency: 'USD',
    paymentMethod,
    totalMinor: money.totalMinor,
    attempts: ATTEMPTS,
    idempotencyKey: null,
    requestHash: '',
    nudges: 0,
    wake: null,
    clock: { stale, nudgeDue: true, deadlinePassed: deadline === 'late' },
    record: null,
  } as OrderState;
};

/** One product's stock. `units` is what the ledger of adjustments says; no decision sees or changes it. */
export interface StockLevels {
  readonly units: number;
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
}

const PRODUCT = { productId: 'mug', priceMinor: money.totalMinor, currency: money.currency };

/** The name of a stock: its levels. */
export const stockName = ({ units, available, reserved, committed }: StockLevels): string =>
  [units, available, reserved, committed].join(' ');

/** The levels that a stock's name is made of. */
export function stockLevels(name: string): StockLevels {
  const [units = 0, available = 0, reserved = 0, committed = 0] = name.split(' ').map(Number);
  return { units, available, reserved, committed };
}

/** The reservation of a name, which is its status or `NONE`, and the stock that it meets. */
export const reservationOf = (name: string, stock: string, { stale }: ModelOptions): ReservationState => {
  const { available, reserved, committed } = stockLevels(stock);
  const products = new Map([[PRODUCT.productId, { ...PRODUCT, available, reserved, committed }]]);
  if (name === 'NONE') return { reservation: undefined, stock: products };
  const reservation = {
    ...who,
    status: name,
    reason: 'OUT_OF_STOCK',
    items,
    ...money,
    paymentMethod,
    linesAtFault: data.InventoryUnavailable.lines,
    nudges: 0,
    wake: null,
    clock: { stale, nudgeDue: true },
  };
  // As above: the name is the status of a reservation that a decision made.
  return { reservation, stock: products } as ReservationState;
};

/** The payment of a name: status, attempt, and its marks, such as `CHARGING 2 stop unknown`. */
export const paymentOf = (name: string, { stale }: ModelOptions): PaymentState => {
  const [status, attempt, ...marks] = name.split(' ');
  return {
    ...who,
    paymentId: 'payment',
    status,
    amountMinor: money.totalMinor,
    currency: 'USD',
    method: paymentMethod,
    attempt: Number(attempt),
    stopWanted: marks.includes('stop'),
    unknown: marks.includes('unknown'),
    reason: status === 'FAILED' ? 'GATEWAY_UNAVAILABLE' : null,
    tries: 0,
    wake: null,
    clock: { stale, due: true },
  } as PaymentState; // as above
};

const orderName = ({ status, inventory, payment }: OrderState) => [status, inventory, payment].join(' ');
const paymentName = ({ status, attempt, stopWanted, unknown }: PaymentState) =>
  [status, attempt, ...(stopWanted ? ['stop'] : []), ...(unknown ? ['unknown'] : [])].join(' ');

const typesOf = (announced: readonly NewEvent[]) => announced.map(({ type }) => type);

/** The events that each participant hears, from the services' own tables. */
export const hears: Readonly<Record<Participant, readonly string[]>> = {
  order: Object.keys(orderService.hears),
  inventory: Object.keys(inventoryService.hears),
  payment: Object.keys(paymentService.hears),
};

/** A function that brings a named state, a named message and the stock to the next ones. */
export type Decide = (who: Participant, state: string, message: EventType | InputName, stock: string) => Said;

/** How the name of a participant begins whose decision threw: a broken invariant, where the exploration ends. */
export const BROKEN = 'BROKEN:';

function decideAnew(options: ModelOptions, ...[participant, name, given, stock]: Parameters<Decide>): Said {
  const messageAt = (attempt: number) => (isEvent(given) ? events.get(given) : inputOf(given, attempt));
  switch (participant) {
    case 'order': {
      // Only messages of this participant's table are handed to it; decideBy throws otherwise.
      const { state, events: said } = decideOrder(orderOf(name, options), messageAt(0) as OrderMessage);
      return { next: state ? orderName(state) : 'none', sends: typesOf(said) };
    }
    case 'inventory': {
      const message = messageAt(0) as ReservationMessage; // as above
      const { state, events: said } = decideReservation(reservationOf(name, stock, options), message);
      const product = state.stock.get(PRODUCT.productId);
      const after = product && stockName({ ...product, units: stockLevels(stock).units });
      return { next: state.reservation?.status ?? name, stock: after ?? 'gone', sends: typesOf(said) };
    }
    case 'payment': {
      const payment = paymentOf(name, options);
      const { state, events: said } = decidePayment(payment, messageAt(payment.attempt) as PaymentMessage); // as above
      return { next: paymentName(state), sends: typesOf(said) };
    }
  }
}

/** Returns from memory what was asked before: an exploration asks some thousand questions, some million times. */
function remembering(decide: Decide): Decide {
  type Answers = Map<string, Map<string, Map<string, Said>>>;
  const known: Record<Participant, Answers> = { order: new Map(), inventory: new Map(), payment: new Map() };
  return (participant, state, message, stock) => {
    const seen = participant === 'inventory' ? stock : '';
    const byState = remembered(known[participant], seen, () => new Map<string, Map<string, Said>>());
    const byMessage = remembered(byState, state, () => new Map<string, Said>());
    return remembered(byMessage, message, () => decide(participant, state, message, stock));
  };
}

function remembered<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** The decisions of the three services over named states. Pure, and therefore remembered. */
export const createSaga = (options: ModelOptions): Decide =>
  remembering((...given) => {
    try {
      return decideAnew(options, ...given);
    } catch (error) {
      return { next: `${BROKEN} ${String(error)}`, sends: [] };
    }
  });
