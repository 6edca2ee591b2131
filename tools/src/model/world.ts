/**
 * The world of one order, and what may happen in it next.
 *
 * Network: a message once sent may reach each of its subscribers any number of times, in any order, arbitrarily late:
 * that covers repetition, reordering, redelivery, and a crash between commit and ack. In the lossy world one delivery
 * may also vanish for ever; sent anew, it is there to be heard anew. A decision is one atomic transaction.
 *
 * Bank: idempotent by key. Its answer may be lost, the service may die with a request in flight, and a request that was
 * given up may still land, until it is voided.
 */
import { eventTypes, type EventType } from '@quadrille/shared-events';
import { hears, type Decide, type ModelInput, type Participant } from './saga';

/** What the bank's books say about the one charge. */
export type Charge = 'open' | 'charged' | 'declined' | 'void';

/** A state of the world. Sets are bit masks over `deliveries` and `eventTypes`. */
export interface World {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly charge: Charge;
  readonly refunded: boolean;
  /** A request was given up and may still land. */
  readonly inFlight: boolean;
  readonly sent: number;
  readonly heard: number;
  readonly lost: number;
  readonly lossUsed: boolean;
  readonly refundNudged: boolean;
  readonly handedOver: boolean;
}

/** How a step comes about: by itself (`must`), or as a person's choice or bad luck (`may`). */
export interface Step {
  readonly kind: 'must' | 'may';
  /** Who does what, for the trace. */
  readonly label: string;
  readonly next: World;
}

/** One subscription: this event to this participant. */
const deliveries = (Object.keys(hears) as Participant[]).flatMap((participant) =>
  // The tables' keys are event types.
  (hears[participant] as EventType[]).map((type) => ({ type, participant })),
);

const bitOf = (type: EventType) => 1 << eventTypes.indexOf(type);
const deliveriesOf = (type: EventType) =>
  deliveries.reduce((mask, delivery, index) => (delivery.type === type ? mask | (1 << index) : mask), 0);

/** The world after POST /orders. */
export const beginning: World = {
  order: 'PENDING none none',
  inventory: 'NONE',
  payment: 'NONE 0',
  charge: 'open',
  refunded: false,
  inFlight: false,
  sent: bitOf('OrderCreated'),
  heard: 0,
  lost: 0,
  lossUsed: false,
  refundNudged: false,
  handedOver: false,
};

/** A name for a world: equal for equal worlds. */
export const keyOf = (world: World): string =>
  [
    world.order,
    world.inventory,
    world.payment,
    world.charge,
    Number(world.refunded) |
      (Number(world.inFlight) << 1) |
      (Number(world.lossUsed) << 2) |
      (Number(world.refundNudged) << 3) |
      (Number(world.handedOver) << 4),
    world.sent,
    world.heard,
    world.lost,
  ].join('|');

/** What kind of world it is, and which mistake is built into it. */
export interface Rules {
  readonly decide: Decide;
  readonly lossy: boolean;
  /** A mistake outside the decision functions. */
  readonly mistake?: 'callBeforeCommit' | 'resumeForgets' | 'noNudge' | undefined;
}

/** Applies a decision: the new state, and its events sent (in a lossy world: to be heard anew). */
function apply(
  { decide, lossy }: Rules,
  world: World,
  participant: Participant,
  message: EventType | ModelInput,
): World {
  const { next, sends } = decide(participant, world[participant], message);
  let { sent, heard, lost } = world;
  for (const type of sends) {
    sent |= bitOf(type);
    if (lossy) {
      heard &= ~deliveriesOf(type);
      lost &= ~deliveriesOf(type);
    }
  }
  return { ...world, [participant]: next, sent, heard, lost };
}

/** Every delivery that may happen now, and in a lossy world every one that may vanish. `pending` ones must happen some day. */
export function deliverySteps(rules: Rules, world: World): { readonly steps: Step[]; readonly pending: boolean } {
  const steps: Step[] = [];
  let pending = false;
  deliveries.forEach(({ type, participant }, index) => {
    const bit = 1 << index;
    if ((world.sent & bitOf(type)) === 0 || (world.lost & bit) !== 0) return;
    if ((world.heard & bit) === 0) {
      pending = true;
      if (rules.lossy && !world.lossUsed) {
        steps.push({
          kind: 'may',
          label: `${type} -x ${participant}`,
          next: { ...world, lossUsed: true, lost: world.lost | bit },
        });
      }
    }
    const starts =
      type === 'OrderCreated' && world.inventory === 'NONE'
        ? [world, { ...world, inventory: 'NONE, sold out' }]
        : [world];
    for (const start of starts) {
      const after = apply(rules, start, participant, type);
      const next = { ...after, heard: after.heard | bit };
      steps.push({ kind: 'may', label: `${type} -> ${participant}`, next });
      if (
        rules.mistake === 'callBeforeCommit' &&
        type === 'InventoryReserved' &&
        participant === 'payment' &&
        world.payment === 'NONE 0'
      ) {
        steps.push({
          kind: 'may',
          label: 'payment dies after a call it had not committed',
          next: { ...world, charge: 'charged' },
        });
      }
    }
  });
  return { steps, pending };
}

/** What may happen without a message. */
export function* spontaneousSteps(rules: Rules, world: World): Generator<Step> {
  const step = (kind: Step['kind'], label: string, next: World): Step => ({ kind, label, next });
  const tell = (participant: Participant, message: ModelInput, from: World = world) =>
    apply(rules, from, participant, message);
  yield* orderSteps(rules, world, step, tell);
  yield* paymentSteps(rules, world, step, tell);
  const nudges = rules.lossy && rules.mistake !== 'noNudge';
  if (nudges && world.inventory === 'RESERVED')
    yield step('must', 'inventory nudges', tell('inventory', { type: 'ReservationOverdue' }));
  if (nudges && world.payment.startsWith('REFUNDED') && world.lossUsed && !world.refundNudged) {
    yield step('must', 'payment nudges', { ...tell('payment', { type: 'PaymentOverdue' }), refundNudged: true });
  }
}

type MakeStep = (kind: Step['kind'], label: string, next: World) => Step;
type Tell = (participant: Participant, message: ModelInput, from?: World) => World;

function* orderSteps({ lossy, mistake }: Rules, world: World, step: MakeStep, tell: Tell): Generator<Step> {
  const [status] = world.order.split(' ');
  const late = { ...world, order: `${world.order} late` };
  if (status === 'PENDING')
    yield step(lossy ? 'must' : 'may', 'deadline', tell('order', { type: 'OrderOverdue' }, late));
  if (status === 'PENDING' || status === 'CONFIRMED')
    yield step('may', 'customer cancels', tell('order', { type: 'CancelOrder' }));
  if (status === 'CONFIRMED')
    yield step('may', 'goods handed over', { ...tell('order', { type: 'CompleteOrder' }), handedOver: true });
  if (lossy && mistake !== 'noNudge') yield step('must', 'order nudges', tell('order', { type: 'OrderOverdue' }));
}

function* paymentSteps({ mistake }: Rules, world: World, step: MakeStep, tell: Tell): Generator<Step> {
  const [status, attemptText] = world.payment.split(' ');
  const attempt = Number(attemptText);
  const answered = (answer: 'charged' | 'declined' | 'not processed' | 'no answer', from: World = world) =>
    tell('payment', { type: 'ChargeAnswered', attempt, answer }, from);
  const lease = (from: World) =>
    mistake === 'resumeForgets' ? from : tell('payment', { type: 'PaymentOverdue' }, from);
  if (world.inFlight && world.charge === 'open')
    yield step('may', 'a late request lands', { ...world, charge: 'charged', inFlight: false });
  switch (status) {
    case 'SUCCEEDED':
      yield step('may', 'operator refunds', tell('payment', { type: 'RefundPayment' }));
      return;
    case 'RETRY_WAIT':
      yield step('must', 'timer', tell('payment', { type: 'RetryDue', attempt }));
      yield step('must', 'timer lost, sweeper', tell('payment', { type: 'PaymentOverdue' }));
      return;
    case 'RESOLVING': {
      const charge = world.charge === 'open' ? 'void' : world.charge;
      yield step(
        'must',
        'bank resolves',
        tell('payment', { type: 'ResolveAnswered', answer: charge }, { ...world, charge }),
      );
      return;
    }
    case 'REFUND_PENDING': {
      const refunded = { ...world, refunded: true };
      yield step('must', 'bank refunds', tell('payment', { type: 'RefundAnswered', answer: 'refunded' }, refunded));
      yield step('must', 'bank refunds, payment dies before its commit', refunded);
      return;
    }
    case 'CHARGING':
      if (world.charge === 'charged') yield step('must', 'bank says charged', answered('charged'));
      else if (world.charge !== 'open') yield step('must', 'bank says declined', answered('declined'));
      else {
        yield step('must', 'bank charges', answered('charged', { ...world, charge: 'charged' }));
        yield step('must', 'bank declines', answered('declined', { ...world, charge: 'declined' }));
        yield step('must', 'bank does not process', answered('not processed'));
        yield step('must', 'bank charges, payment dies before its commit', lease({ ...world, charge: 'charged' }));
        yield step('must', 'no answer', answered('no answer', { ...world, inFlight: true }));
        if (!world.inFlight) yield step('must', 'payment dies, request in flight', lease({ ...world, inFlight: true }));
      }
      return;
    default:
  }
}
