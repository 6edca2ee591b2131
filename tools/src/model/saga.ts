/**
 * The three services that hold money or stock, as the model sees them: their own decision functions, called on states
 * reduced to what can make a difference later. A state is known by its name, an event by its type; whatever else they
 * carry (amounts, reasons, counters) is fixed, so that equal situations are one state.
 */
import { decideBy } from '@quadrille/service-chassis';
import {
  envelop,
  eventTypes,
  type Announcement,
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
const money = { totalMinor: 1_000, currency: 'USD' };
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

/** The event of a type, the same at every sending. */
const eventOf = <Type extends EventType>(type: Type): DomainEvent<Type> =>
  envelop(type, data[type], { id: type, time: '2026-11-21T12:00:00.000Z' });

const events = new Map<EventType, DomainEvent>(eventTypes.map((type) => [type, eventOf(type)]));

/** What a decision said, as names. */
export interface Said {
  readonly next: string;
  readonly sends: readonly EventType[];
}

interface ModelOptions {
  /** In a world where messages are lost, every repeated trigger comes after the healing time. */
  readonly stale: boolean;
}

const orderOf = (name: string, { stale }: ModelOptions): OrderState => {
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
    clock: { stale, nudgeDue: true, deadlinePassed: deadline === 'late' },
    record: null,
  } as OrderState;
};

const stockOf = (available: number, reserved: number, committed: number) =>
  new Map([['mug', { productId: 'mug', priceMinor: 1_000, currency: 'USD', available, reserved, committed }]]);

const reservationOf = (name: string, { stale }: ModelOptions): ReservationState => {
  if (name === 'NONE') return { reservation: undefined, stock: stockOf(1, 0, 0) };
  if (name === 'NONE, sold out') return { reservation: undefined, stock: stockOf(0, 0, 0) };
  const stock = name === 'RESERVED' ? stockOf(0, 1, 0) : name === 'COMMITTED' ? stockOf(0, 0, 1) : stockOf(1, 0, 0);
  const reservation = {
    ...who,
    status: name,
    reason: 'OUT_OF_STOCK',
    items,
    ...money,
    paymentMethod,
    linesAtFault: data.InventoryUnavailable.lines,
    nudges: 0,
    clock: { stale, nudgeDue: true },
  };
  // As above: the name is the status of a reservation that a decision made.
  return { reservation, stock } as ReservationState;
};

const paymentOf = (name: string, { stale }: ModelOptions): PaymentState => {
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

const typesOf = (announced: readonly Announcement[]) => announced.map(({ type }) => type);

/** An input that is no event, by its name and its JSON. */
export type ModelInput = Exclude<OrderMessage | ReservationMessage | PaymentMessage, DomainEvent>;

/** The events that each participant hears, from the services' own tables. */
export const hears: Readonly<Record<Participant, readonly string[]>> = {
  order: Object.keys(orderService.hears),
  inventory: Object.keys(inventoryService.hears),
  payment: Object.keys(paymentService.hears),
};

/** A function that brings a named state and a message to the next named state. */
export type Decide = (who: Participant, state: string, message: EventType | ModelInput) => Said;

/** The decisions of the three services over named states. Pure, and therefore remembered. */
export function createSaga(options: ModelOptions): Decide {
  const known = new Map<string, Said>();
  const decide = (participant: Participant, name: string, given: EventType | ModelInput): Said => {
    const message = typeof given === 'string' ? events.get(given) : given;
    switch (participant) {
      case 'order': {
        // Only messages of this participant's table are handed to it; decideBy throws otherwise.
        const { state, events: said } = decideOrder(orderOf(name, options), message as OrderMessage);
        return { next: state ? orderName(state) : 'none', sends: typesOf(said) };
      }
      case 'inventory': {
        const { state, events: said } = decideReservation(reservationOf(name, options), message as ReservationMessage);
        return { next: state.reservation?.status ?? name, sends: typesOf(said) };
      }
      case 'payment': {
        const { state, events: said } = decidePayment(paymentOf(name, options), message as PaymentMessage);
        return { next: paymentName(state), sends: typesOf(said) };
      }
    }
  };
  return (participant, name, given) => {
    const key = `${participant}|${name}|${typeof given === 'string' ? given : JSON.stringify(given)}`;
    const said = known.get(key) ?? decide(participant, name, given);
    known.set(key, said);
    return said;
  };
}
