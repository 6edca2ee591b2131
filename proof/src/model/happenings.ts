/** What can happen in the model, as it is named in a trace and drawn in a message diagram. */
import { publisherOf, type EventType } from '@quadrille/shared-events';
import { service as notificationService } from '@quadrille/notification-service';

/** The columns of a message diagram, from left to right. */
export const lifelines = ['order', 'inventory', 'payment', 'notification', 'gateway'] as const;

/** One column of a message diagram. */
export type Lifeline = (typeof lifelines)[number];

/** One line of a message diagram: a message on its way, or something that happens to one of them. */
export type Stroke =
  | { readonly from: Lifeline; readonly to: Lifeline; readonly text: string; readonly lost?: boolean }
  | { readonly at: Lifeline; readonly text: string };

/** Something that happens: one step of the model. */
export interface Happening {
  readonly label: string;
  readonly strokes: readonly Stroke[];
}

/** The column of the service that publishes an event. */
export function lifelineOf(type: EventType): Lifeline {
  const publisher = publisherOf(type);
  const lifeline = lifelines.find((name) => publisher === `${name}-service`);
  if (lifeline === undefined) throw new Error(`${publisher} has no column`);
  return lifeline;
}

/** An event reaches one of those who hear it. */
export const arrival = (type: EventType, to: Lifeline): Happening => ({
  label: `${type} -> ${to}`,
  strokes: [{ from: lifelineOf(type), to, text: type }],
});

/** An event vanishes on its way to one of those who hear it. */
export const loss = (type: EventType, to: Lifeline): Happening => ({
  label: `${type} -x ${to}`,
  strokes: [{ from: lifelineOf(type), to, text: type, lost: true }],
});

/** What the customer is told about: notification-service undoes nothing, so that the model need not wait for it. */
export const tellsTheCustomer: ReadonlySet<string> = new Set(Object.keys(notificationService.hears));

const note = (at: Lifeline, text: string): Happening => ({ label: text, strokes: [{ at, text }] });
const call = (label: string, text: string, ...rest: readonly Stroke[]): Happening => ({
  label,
  strokes: [{ from: 'payment', to: 'gateway', text }, ...rest],
});
const answer = (text: string): Stroke => ({ from: 'gateway', to: 'payment', text });
const dies: Stroke = { at: 'payment', text: 'dies before its commit' };

/** Everything that happens without an event. */
export const happenings = {
  deadline: note('order', 'deadline'),
  cancels: note('order', 'customer cancels'),
  handsOver: note('order', 'goods handed over'),
  orderNudges: note('order', 'order nudges'),
  inventoryNudges: note('inventory', 'inventory nudges'),
  paymentNudges: note('payment', 'payment nudges'),
  operatorRefunds: note('payment', 'operator refunds'),
  timer: note('payment', 'timer'),
  earlierTimer: note('payment', 'timer of an earlier attempt'),
  timerLost: note('payment', 'timer lost, sweeper'),
  charges: call('bank charges', 'charge', answer('charged')),
  saysCharged: call('bank says charged', 'charge', answer('charged already')),
  declines: call('bank declines', 'charge', answer('declined')),
  saysDeclined: call('bank says declined', 'charge', answer('declined already')),
  doesNotProcess: call('bank does not process', 'charge', answer('not processed')),
  chargesUnheard: call('bank charges, payment dies before its commit', 'charge', answer('charged'), dies),
  noAnswer: call('no answer', 'charge', { ...answer('no answer'), lost: true }),
  diesInFlight: {
    label: 'payment dies, request in flight',
    strokes: [
      { from: 'payment', to: 'gateway', text: 'charge', lost: true },
      { at: 'payment', text: 'dies, lease ends' },
    ],
  },
  lateRequestLands: {
    label: 'a late request lands',
    strokes: [{ from: 'payment', to: 'gateway', text: 'charge (late)' }],
  },
  resolves: {
    open: call('bank voids', 'resolve', answer('void')),
    void: call('bank says void', 'resolve', answer('void')),
    charged: call('bank resolves: charged', 'resolve', answer('charged')),
    declined: call('bank resolves: declined', 'resolve', answer('declined')),
  },
  refunds: call('bank refunds', 'refund', answer('refunded')),
  refundsUnheard: call('bank refunds, payment dies before its commit', 'refund', answer('refunded'), dies),
  calledTooEarly: call('payment dies after a call it had not committed', 'charge', dies),
} as const satisfies Record<string, Happening | Record<string, Happening>>;
