/** What may happen next in the world of one order. */
import { arrival, happenings, loss, type Happening } from './happenings';
import type { InputName, Participant } from './saga';
import { apply, bitOf, deliveries, FIRST_LOST, NOTHING_LOST, type Rules, type World } from './world';

/** One step, which comes about by itself (`must`), or as a person's choice or bad luck (`may`). */
export interface Step<State> {
  readonly kind: 'must' | 'may';
  /** Which order it happens to, where there are several. */
  readonly order: number;
  readonly happening: Happening;
  readonly next: State;
}

type Add = (kind: 'must' | 'may', happening: Happening, next: World) => void;
type Tell = (participant: Participant, message: InputName, from?: World) => World;

/** Everything that may happen next to this order. A world is at rest when nothing that must happen changes it. */
export function stepsOf(rules: Rules, world: World): Step<World>[] {
  const steps: Step<World>[] = [];
  const add: Add = (kind, happening, next) => {
    steps.push({ kind, order: 0, happening, next });
  };
  const tell: Tell = (participant, message, from = world) => apply(rules, from, participant, message);
  addDeliveries(rules, world, add);
  addOrderSteps(rules, world, add, tell);
  if (world.payment.startsWith('CHARGING')) addAnswers(rules, world, add, tell);
  else addPaymentSteps(rules, world, add, tell);
  if (world.inFlight && world.charge === 'open')
    add('may', happenings.lateRequestLands, { ...world, charge: 'charged', inFlight: false });
  if (rules.lossy && rules.mistake !== 'noNudge') addNudges(world, add, tell);
  return steps;
}

const subscriptions = deliveries.map(({ type, participant }, index) => ({
  type,
  participant,
  bit: 1 << index,
  whenLost: FIRST_LOST + index,
  arrives: arrival(type, participant),
  vanishes: loss(type, participant),
}));

/**
 * Every delivery that may happen now, and in a lossy world every one that may vanish. A first one must happen some day.
 */
function addDeliveries(rules: Rules, world: World, add: Add): void {
  for (const { type, participant, bit, whenLost, arrives, vanishes } of subscriptions) {
    if ((world.sent & bitOf(type)) === 0 || world.loss === whenLost) continue;
    const isFirst = (world.heard & bit) === 0;
    if (isFirst && rules.lossy && world.loss === NOTHING_LOST) add('may', vanishes, { ...world, loss: whenLost });
    const after = apply(rules, world, participant, type);
    add(isFirst ? 'must' : 'may', arrives, { ...after, heard: after.heard | bit });
    const isCall = type === 'InventoryReserved' && participant === 'payment' && world.payment === 'NONE 0';
    if (rules.mistake === 'callBeforeCommit' && isCall)
      add('may', happenings.calledTooEarly, { ...world, charge: 'charged' });
  }
}

function addOrderSteps({ choices, lossy }: Rules, world: World, add: Add, tell: Tell): void {
  const isPending = world.order.startsWith('PENDING');
  const isConfirmed = world.order.startsWith('CONFIRMED');
  if (isPending && choices.has('deadline')) {
    const late = { ...world, order: `${world.order} late` };
    add(lossy ? 'must' : 'may', happenings.deadline, tell('order', 'OrderOverdue', late));
  }
  if ((isPending || isConfirmed) && choices.has('cancel')) add('may', happenings.cancels, tell('order', 'CancelOrder'));
  if (isConfirmed && choices.has('complete'))
    add('may', happenings.handsOver, { ...tell('order', 'CompleteOrder'), handedOver: true });
}

/** What the bank does with a charge, and what becomes of its answer. */
function addAnswers({ choices, mistake }: Rules, world: World, add: Add, tell: Tell): void {
  const answered = (message: InputName, from: World) => tell('payment', message, from);
  if (world.charge === 'charged') add('must', happenings.saysCharged, answered('charge: charged', world));
  else if (world.charge !== 'open') add('must', happenings.saysDeclined, answered('charge: declined', world));
  else {
    const charged: World = { ...world, charge: 'charged' };
    const inFlight: World = { ...world, inFlight: true };
    const leaseEnds = (from: World) => (mistake === 'resumeForgets' ? from : tell('payment', 'PaymentOverdue', from));
    add('must', happenings.charges, answered('charge: charged', charged));
    add('must', happenings.declines, answered('charge: declined', { ...world, charge: 'declined' }));
    if (choices.has('not processed')) add('must', happenings.doesNotProcess, answered('charge: not processed', world));
    if (choices.has('no answer')) {
      add('must', happenings.chargesUnheard, leaseEnds(charged));
      add('must', happenings.noAnswer, answered('charge: no answer', inFlight));
      if (!world.inFlight) add('must', happenings.diesInFlight, leaseEnds(inFlight));
    }
  }
  add('may', happenings.earlierTimer, answered('RetryDue of an earlier attempt', world));
}

function addPaymentSteps({ choices }: Rules, world: World, add: Add, tell: Tell): void {
  const [status] = world.payment.split(' ', 1);
  switch (status) {
    case 'SUCCEEDED':
      if (choices.has('operator refunds')) add('may', happenings.operatorRefunds, tell('payment', 'RefundPayment'));
      return;
    case 'RETRY_WAIT':
      add('must', happenings.timer, tell('payment', 'RetryDue'));
      add('must', happenings.timerLost, tell('payment', 'PaymentOverdue'));
      add('may', happenings.earlierTimer, tell('payment', 'RetryDue of an earlier attempt'));
      return;
    case 'RESOLVING': {
      const charge = world.charge === 'open' ? 'void' : world.charge;
      add('must', happenings.resolves[world.charge], tell('payment', `resolve: ${charge}`, { ...world, charge }));
      return;
    }
    case 'REFUND_PENDING': {
      const refunded = { ...world, refunded: true };
      add('must', happenings.refunds, tell('payment', 'refund: refunded', refunded));
      if (choices.has('no answer')) add('must', happenings.refundsUnheard, refunded);
      return;
    }
    default:
  }
}

/** Where messages can be lost, who waits asks again. */
function addNudges(world: World, add: Add, tell: Tell): void {
  add('must', happenings.orderNudges, tell('order', 'OrderOverdue'));
  if (world.inventory === 'RESERVED') add('must', happenings.inventoryNudges, tell('inventory', 'ReservationOverdue'));
  if (world.payment.startsWith('REFUNDED') && world.loss !== NOTHING_LOST && !world.refundNudged)
    add('must', happenings.paymentNudges, { ...tell('payment', 'PaymentOverdue'), refundNudged: true });
}
