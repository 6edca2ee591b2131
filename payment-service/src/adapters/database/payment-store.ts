/** The payments' table, as the processor reads and writes it: one SELECT and one upsert for a whole batch. */
import {
  countOverdue,
  dueInMs,
  findOverdue,
  isPast,
  isStale,
  type Input,
  type Pool,
  type PoolClient,
  type RowTimes,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { uuidv7 } from 'uuidv7';
import type { PaymentInput } from '../../domain/messages';
import { hasMoved, noPayment, type Payment } from '../../domain/payment';
import { COUNT_OVERDUE, LOAD, OVERDUE, SAVE } from './payment-statements';

type Message = DomainEvent | PaymentInput;

interface Row extends Omit<Payment, 'wake' | 'clock'>, RowTimes {
  readonly traceparent: string | null;
}

/** A payment as it was loaded, and its moments. */
interface Loaded {
  readonly payment: Payment;
  readonly times: RowTimes;
}

interface Draft {
  payment: Payment;
  readonly traceparent: string | undefined;
  /** As it was before this batch; undefined when it is new. */
  readonly loaded: Loaded | undefined;
  dirty: boolean;
}

function fromRow({ dueInMs, movedInMs, traceparent, ...row }: Row, healingAfterMs: number): Draft {
  const times = { dueInMs, movedInMs };
  const clock = { due: isPast(dueInMs), stale: isStale(times, healingAfterMs) };
  const payment: Payment = { ...row, wake: { kind: 'kept' }, clock };
  return { payment, traceparent: traceparent ?? undefined, loaded: { payment, times }, dirty: false };
}

/** The store of payment-service. */
export function createPaymentStore(healingAfterMs: number): Store<Payment, Message> {
  return {
    load: async (tx, inputs) => {
      const { rows } = await tx.query<Row>({ ...LOAD, values: [inputs.map(({ key }) => key)] });
      const drafts = new Map(rows.map((row) => [row.orderId, fromRow(row, healingAfterMs)]));
      for (const { key, cause } of inputs) {
        if (!drafts.has(key))
          drafts.set(key, {
            payment: noPayment(key, uuidv7()),
            traceparent: cause.traceparent,
            loaded: undefined,
            dirty: false,
          });
      }
      return createWorkingSet(tx, healingAfterMs, drafts);
    },
  };
}

function createWorkingSet(
  tx: PoolClient,
  healingAfterMs: number,
  drafts: ReadonlyMap<string, Draft>,
): WorkingSet<Payment, Message> {
  const draftOf = (key: string): Draft => {
    const draft = drafts.get(key);
    if (!draft) throw new Error(`payment of order ${key} was not loaded`);
    return draft;
  };
  return {
    get: (key) => draftOf(key).payment,
    put: ({ key }, payment, changed) => {
      const draft = draftOf(key);
      draft.payment = payment;
      draft.dirty ||= changed;
    },
    save: () => {
      const rows = [...drafts.values()].filter(({ dirty }) => dirty).map((draft) => toRow(draft, healingAfterMs));
      return rows.length === 0 ? [] : [tx.query({ ...SAVE, values: [JSON.stringify(rows)] })];
    },
  };
}

/** What is sent to be saved of a payment: a row of the statement's recordset. */
export type SentPayment = ReturnType<typeof toRow>;

const toRow = ({ payment, traceparent, loaded }: Draft, healingAfterMs: number) => ({
  order_id: payment.orderId,
  payment_id: payment.paymentId,
  customer_id: payment.customerId,
  status: payment.status,
  amount_minor: payment.amountMinor,
  currency: payment.currency,
  method: payment.method,
  attempt: payment.attempt,
  stop_wanted: payment.stopWanted,
  unknown: payment.unknown,
  reason: payment.reason,
  tries: payment.tries,
  traceparent,
  moved_in_ms: loaded && !hasMoved(loaded.payment, payment) ? loaded.times.movedInMs : 0,
  due_in_ms: dueInMs(payment.wake, { healingAfterMs, keptInMs: loaded?.times.dueInMs ?? null }),
});

/** Payments whose timer, lease or next try is overdue, the longest first. */
export const overduePayments = (pool: Pool, limit: number): Promise<readonly Input<PaymentInput>[]> =>
  findOverdue(pool, OVERDUE, limit, { type: 'PaymentOverdue' });

/**
 * Payments that wait beyond their time, by status. Walks the index of what is due: the waiting ones. A REFUNDED one
 * only repeats its news.
 */
export const countOverduePayments = (pool: Pool): Promise<readonly StatusCount[]> => countOverdue(pool, COUNT_OVERDUE);
