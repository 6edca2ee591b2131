/**
 * The world of one order: where the three services stand, the stock they meet, the bank's books, and the network.
 *
 * Network: a message once sent may reach each of its subscribers any number of times, in any order, arbitrarily late:
 * that covers repetition, reordering, redelivery, and a crash between commit and ack. In the lossy world one delivery
 * may also vanish for ever; sent anew, it is there to be heard anew. A decision is one atomic transaction.
 *
 * Bank: idempotent by key. Its answer may be lost, the service may die with a request in flight, and a request that was
 * given up may still land, until it is voided.
 */
import { eventTypes, type EventType } from '@quadrille/shared-events';
import { hears, stockName, type Decide, type InputName, type Participant } from './saga';

/** What the bank's books say about the one charge, in the order of their codes. */
export const charges = ['open', 'charged', 'declined', 'void'] as const;

/** A state of the world. Sets are bit masks over `deliveries` and `eventTypes`. */
export interface World {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly stock: string;
  readonly charge: (typeof charges)[number];
  readonly refunded: boolean;
  /** A request was given up and may still land. */
  readonly inFlight: boolean;
  readonly sent: number;
  readonly heard: number;
  /** NOTHING_LOST, LOST_AND_SENT_ANEW, or FIRST_LOST + the index of the delivery that has vanished. */
  readonly loss: number;
  readonly refundNudged: boolean;
  readonly handedOver: boolean;
}

/** Nothing was lost so far. */
export const NOTHING_LOST = 0;
/** What was lost has been sent anew; nothing else will be lost. */
const LOST_AND_SENT_ANEW = 1;
/** This and the following: the delivery of this index is lost. */
export const FIRST_LOST = 2;

/** One subscription: this event to this participant. */
export const deliveries = (Object.keys(hears) as Participant[]).flatMap((participant) =>
  // The tables' keys are event types.
  (hears[participant] as EventType[]).map((type) => ({ type, participant })),
);

/** The bit of an event in `sent`. */
export const bitOf = (type: EventType): number => 1 << eventTypes.indexOf(type);

const deliveriesOf = new Map(
  eventTypes.map((type) => [
    type,
    deliveries.reduce((mask, delivery, index) => (delivery.type === type ? mask | (1 << index) : mask), 0),
  ]),
);

/** The world after POST /orders, with so many units of the product on sale. */
export const beginning = (units: number): World => ({
  order: 'PENDING none none',
  inventory: 'NONE',
  payment: 'NONE 0',
  stock: stockName({ units, available: units, reserved: 0, committed: 0 }),
  charge: 'open',
  refunded: false,
  inFlight: false,
  sent: bitOf('OrderCreated'),
  heard: 0,
  loss: NOTHING_LOST,
  refundNudged: false,
  handedOver: false,
});

/** What people may do and what may go wrong, besides a bank that charges or declines, and a network that is late. */
export type Choice = 'cancel' | 'deadline' | 'complete' | 'operator refunds' | 'not processed' | 'no answer';

/** What kind of world it is, and which mistake is built into it. */
export interface Rules {
  readonly decide: Decide;
  /** Any one delivery may vanish. */
  readonly lossy: boolean;
  readonly choices: ReadonlySet<Choice>;
  /** A mistake outside the decision functions. */
  readonly mistake?: 'callBeforeCommit' | 'resumeForgets' | 'noNudge' | undefined;
}

/** Applies a decision: the new state, and its events sent (in a lossy world: to be heard anew). */
export function apply(
  { decide, lossy }: Rules,
  world: World,
  participant: Participant,
  message: EventType | InputName,
): World {
  const { next, stock = world.stock, sends } = decide(participant, world[participant], message, world.stock);
  let { sent, heard, loss } = world;
  for (const type of sends) {
    sent |= bitOf(type);
    if (!lossy) continue;
    const anew = deliveriesOf.get(type) ?? 0;
    heard &= ~anew;
    if (loss >= FIRST_LOST && (anew & (1 << (loss - FIRST_LOST))) !== 0) loss = LOST_AND_SENT_ANEW;
  }
  const after = { ...world, stock, sent, heard, loss };
  // Spelt out: a computed property would make every copy several times as expensive.
  switch (participant) {
    case 'order':
      return { ...after, order: next };
    case 'inventory':
      return { ...after, inventory: next };
    case 'payment':
      return { ...after, payment: next };
  }
}
