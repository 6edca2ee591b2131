/** Why an order waits: for which service, since when, what will heal it, and what prevents that. Pure. */
import { traceIdOf } from '@quadrille/service-chassis';
import type { Moment, ServiceQueues, StuckFacts } from './facts';

/** The explanation of one order. */
export interface Explanation {
  readonly orderId: string;
  readonly status: string;
  /** For how long nothing has changed, in seconds. */
  readonly waitingSeconds: number;
  readonly waitsFor: string;
  /** What will happen by itself, the earliest first. */
  readonly heals: readonly string[];
  /** What prevents that, and what can be done. */
  readonly inTheWay: readonly string[];
  readonly traceId: string | undefined;
}

/** The service that an order waits for, and what it has to do. */
interface Wait {
  /** The service that has to act. */
  readonly service: string;
  readonly what: string;
}

const wait = (service: string, what: string): Wait => ({ service, what });
const OVER = ['FAILED', 'VOIDED', 'REFUNDED'];

/** What a payment that is not at rest waits for. */
function paymentUnderWay({ payment }: StuckFacts): Wait | undefined {
  switch (payment?.status) {
    case 'CHARGING':
      return wait('payment-service', `the bank, to answer charge attempt ${String(payment.attempt)}`);
    case 'RETRY_WAIT':
      return wait('payment-service', `payment-service, to make charge attempt ${String(payment.attempt + 1)}`);
    case 'RESOLVING':
      return wait(
        'payment-service',
        `the bank, to say what became of the charge (asked ${String(payment.tries + 1)} times)`,
      );
    case 'REFUND_PENDING':
      return wait('payment-service', `the bank, to refund (asked ${String(payment.tries + 1)} times)`);
    default:
      return undefined;
  }
}

const EVENT_OF: Readonly<Record<string, string>> = {
  SUCCEEDED: 'PaymentProcessed',
  FAILED: 'PaymentFailed',
  VOIDED: 'PaymentVoided',
  REFUNDED: 'PaymentRefunded',
};

/** What an order waits for while it is PENDING. */
function pendingWaits(facts: StuckFacts): Wait {
  const { order, reservation, payment } = facts;
  if (!reservation) return wait('inventory-service', 'inventory-service, to hear OrderCreated');
  if (reservation.status === 'UNAVAILABLE') return wait('order-service', 'order-service, to hear InventoryUnavailable');
  const underWay = paymentUnderWay(facts);
  if (underWay) return underWay;
  if (payment) return wait('order-service', `order-service, to hear ${EVENT_OF[payment.status] ?? payment.status}`);
  if (order?.inventory === 'none' && reservation.status === 'TOMBSTONE')
    return wait('order-service', 'order-service, to hear InventoryReleased');
  return wait('payment-service', 'payment-service, to hear InventoryReserved');
}

/** What an order that failed or was cancelled waits for: its stock and its money must be returned. */
function endedWaits(facts: StuckFacts): Wait | undefined {
  const { order, reservation, payment } = facts;
  const ending = order?.status === 'FAILED' ? 'PaymentFailed' : 'OrderCancelled';
  const underWay = paymentUnderWay(facts);
  if (underWay) return underWay;
  if (!payment) return wait('payment-service', `payment-service, to hear ${ending}`);
  if (!OVER.includes(payment.status)) return wait('payment-service', `payment-service, to hear ${ending}`);
  if (order?.payment !== 'over')
    return wait('order-service', `order-service, to hear ${EVENT_OF[payment.status] ?? payment.status}`);
  if (!reservation || ['RESERVED', 'COMMITTED'].includes(reservation.status))
    return wait('inventory-service', `inventory-service, to hear ${ending}`);
  if (!['unavailable', 'released'].includes(order.inventory))
    return wait('order-service', 'order-service, to hear InventoryReleased');
  return undefined;
}

function waitOf(facts: StuckFacts): Wait {
  const { order, reservation, mails, rows, parked } = facts;
  if (order?.status === 'PENDING') return pendingWaits(facts);
  const ended = order && !order.settled ? endedWaits(facts) : undefined;
  if (ended) return ended;
  if (reservation?.status === 'RESERVED')
    return wait('inventory-service', 'inventory-service, to hear what became of the order');
  const underWay = paymentUnderWay(facts);
  if (underWay) return underWay;
  const [mail] = mails;
  if (mail) return wait('notification-service', `the mail server, to take the mail ${mail.kind}`);
  const [row] = rows;
  if (row) return wait(row.service, `${row.service}, to publish ${row.type}`);
  const [message] = parked;
  return message
    ? wait(message.service, `${message.service}, to handle ${message.event}`)
    : wait('', 'nobody any more');
}

const clock = (at: Date) => `${at.toISOString().slice(11, 19)} UTC`;

/** A moment as text, such as `at 03:10:11 UTC, in 12 s`; a past one is marked as overdue. */
const due = ({ at, inSeconds }: Moment) =>
  inSeconds >= 0 ? `at ${clock(at)}, in ${String(inSeconds)} s` : `due since ${clock(at)}, ${String(-inSeconds)} s ago`;

interface Healing {
  readonly moment: Moment;
  readonly text: string;
}

/** What each service will do without help, the earliest first. */
function healings({ order, reservation, payment, mails, rows }: StuckFacts): Healing[] {
  const found: Healing[] = [];
  const add = (moment: Moment | undefined, text: string) => {
    if (moment) found.push({ moment, text: `${text}, ${due(moment)}` });
  };
  if (order && !order.settled) {
    add(order.due, `order-service asks again (nudge ${String(order.nudges + 1)})`);
    if (order.status === 'PENDING') add(order.deadline, 'its deadline: CANCELLED');
  }
  if (reservation?.status === 'RESERVED')
    add(reservation.due, `inventory-service asks again (nudge ${String(reservation.nudges + 1)})`);
  const steps: Readonly<Record<string, string>> = {
    CHARGING: "the charge's lease ends: payment-service asks the bank again",
    RETRY_WAIT: 'the sweeper retries in place of a lost timer',
    RESOLVING: 'payment-service asks the bank again',
    REFUND_PENDING: 'payment-service asks the bank for the refund again',
    REFUNDED: 'payment-service announces the refund again',
  };
  const step = payment && steps[payment.status];
  if (step) add(payment.due, step);
  for (const mail of mails) add(mail.due, `the mail ${mail.kind} is tried again (try ${String(mail.attempts + 1)})`);
  for (const row of rows)
    add(row.available, `the relay of ${row.service} publishes ${row.type} (tried ${String(row.tries)} times)`);
  return found.sort((a, b) => a.moment.inSeconds - b.moment.inSeconds);
}

/** What an operator should look at. */
function obstacles({ orderId, parked }: StuckFacts, { service }: Wait, queues: readonly ServiceQueues[]): string[] {
  const queue = queues.find((each) => each.service === service);
  return [
    ...parked.map(
      (each) =>
        `${each.event} is parked in ${each.service}.${each.queue}: ${each.reason}\n` +
        `npm run dead-letters -- replay --order ${orderId}`,
    ),
    ...(queue?.consumers === 0
      ? [
          `${service} does not consume its queues: it is down, or has no broker (${String(queue.messages)} messages wait)`,
        ]
      : queue && queue.messages > 0
        ? [`${String(queue.messages)} messages wait in the queues of ${service}`]
        : []),
  ];
}

/** Explains one order. */
export function explain(facts: StuckFacts, queues: readonly ServiceQueues[]): Explanation {
  const { orderId, order, reservation, payment, mails, rows } = facts;
  const found = waitOf(facts);
  const changes = [order, reservation, payment].flatMap((row) => (row ? [row.changed.inSeconds] : []));
  const written = [...mails, ...rows].map((each) => each.written.inSeconds);
  // An order waits since its last change; a settled one waits since its mail or event was written.
  const lastSeconds =
    order?.settled === false || written.length === 0
      ? Math.max(...changes, ...(changes.length === 0 ? written : []))
      : Math.min(...written);
  return {
    orderId,
    status: order?.status ?? 'unknown to order-service',
    waitingSeconds: Number.isFinite(lastSeconds) ? Math.max(0, -lastSeconds) : 0,
    waitsFor: found.what,
    heals: healings(facts).map(({ text }) => text),
    inTheWay: obstacles(facts, found, queues),
    traceId: traceIdOf(order?.traceparent),
  };
}
