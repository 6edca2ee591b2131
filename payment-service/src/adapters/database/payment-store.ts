/** The payments' table, as the processor reads and writes it: one SELECT and one upsert for a whole batch. */
import {
  SWEPT_WITHIN_MS,
  type Input,
  type Pool,
  type PoolClient,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { uuidv7 } from 'uuidv7';
import type { PaymentInput } from '../../domain/messages';
import { noPayment, type Payment } from '../../domain/payment';

type Message = DomainEvent | PaymentInput;

/** Longest pause between two nudges. */
const NUDGE_PAUSE_MAX_MS = 600_000;

const LOAD = {
  name: 'payments-load',
  text: `SELECT order_id AS "orderId", payment_id AS "paymentId", customer_id AS "customerId", status, amount_minor::float8 AS "amountMinor", currency, method,
      attempt, stop_wanted AS "stopWanted", unknown, reason, tries, traceparent, due_at::text AS "dueAt",
      coalesce(due_at <= now(), false) AS due, updated_at <= now() - make_interval(secs => $2 / 1000.0) AS stale
    FROM payments WHERE order_id = ANY($1)`,
};

/** What only wakes later (a nudge, another try) is not an update of the payment. */
const SAVE = {
  name: 'payments-save',
  text: `INSERT INTO payments AS stored (order_id, payment_id, customer_id, status, amount_minor, currency, method, attempt, stop_wanted, unknown, reason, tries, traceparent, due_at)
    SELECT order_id, payment_id, customer_id, status::"PaymentStatus", amount_minor, currency, method, attempt, stop_wanted, unknown, reason, tries, traceparent,
      coalesce(now() + make_interval(secs => due_in_ms / 1000.0), due_at)
    FROM json_to_recordset($1::json) AS row (order_id text, payment_id text, customer_id text, status text, amount_minor bigint, currency text, method text,
      attempt int, stop_wanted boolean, unknown boolean, reason text, tries int, traceparent text, due_in_ms float8, due_at timestamptz)
    ON CONFLICT (order_id) DO UPDATE SET customer_id = EXCLUDED.customer_id, status = EXCLUDED.status, amount_minor = EXCLUDED.amount_minor,
      currency = EXCLUDED.currency, method = EXCLUDED.method, attempt = EXCLUDED.attempt, stop_wanted = EXCLUDED.stop_wanted, unknown = EXCLUDED.unknown,
      reason = EXCLUDED.reason, tries = EXCLUDED.tries,
      updated_at = CASE WHEN (stored.status, stored.attempt, stored.stop_wanted, stored.unknown)
        IS DISTINCT FROM (EXCLUDED.status, EXCLUDED.attempt, EXCLUDED.stop_wanted, EXCLUDED.unknown) THEN now() ELSE stored.updated_at END,
      due_at = EXCLUDED.due_at`,
};

const OVERDUE = {
  name: 'payments-overdue',
  text: 'SELECT order_id AS key, traceparent FROM payments WHERE due_at <= now() ORDER BY due_at LIMIT $1',
};

type Row = Omit<Payment, 'wake' | 'clock'> &
  Payment['clock'] & { readonly traceparent: string | null; readonly dueAt: string | null };

interface Draft {
  payment: Payment;
  readonly traceparent: string | undefined;
  /** When it was to wake before this batch. */
  readonly dueAt: string | null;
  dirty: boolean;
}

const fromRow = ({ due, stale, traceparent, dueAt, ...payment }: Row): Draft => ({
  payment: { ...payment, wake: { kind: 'kept' }, clock: { due, stale } },
  traceparent: traceparent ?? undefined,
  dueAt,
  dirty: false,
});

/** The store of payment-service. */
export function createPaymentStore(healingAfterMs: number): Store<Payment, Message> {
  return {
    load: async (tx, inputs) => {
      const { rows } = await tx.query<Row>({ ...LOAD, values: [inputs.map(({ key }) => key), healingAfterMs] });
      const drafts = new Map(rows.map((row) => [row.orderId, fromRow(row)]));
      for (const { key, cause } of inputs) {
        if (!drafts.has(key))
          drafts.set(key, {
            payment: noPayment(key, uuidv7()),
            traceparent: cause.traceparent,
            dueAt: null,
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

function dueInMs({ wake, tries }: Payment, healingAfterMs: number): number | null {
  if (!wake || wake.kind === 'kept') return null;
  return wake.kind === 'after' ? wake.ms : Math.min(NUDGE_PAUSE_MAX_MS, healingAfterMs * 2 ** tries);
}

const toRow = ({ payment, traceparent, dueAt }: Draft, healingAfterMs: number) => ({
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
  due_in_ms: dueInMs(payment, healingAfterMs),
  due_at: payment.wake?.kind === 'kept' ? dueAt : null,
});

/** Payments whose timer, lease or next try is overdue, the longest first. */
export async function overduePayments(pool: Pool, limit: number): Promise<readonly Input<PaymentInput>[]> {
  const { rows } = await pool.query<{ key: string; traceparent: string | null }>({ ...OVERDUE, values: [limit] });
  return rows.map(({ key, traceparent }) => ({
    key,
    message: { type: 'PaymentOverdue' },
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** What waits beyond its time: the gateway was asked in vain, or the sweeper has not come for it. */
const COUNT_OVERDUE = {
  name: 'payments-count-overdue',
  text: `SELECT status AS status, count(*)::int AS count FROM payments
    WHERE due_at IS NOT NULL AND ((tries > 0 AND status <> 'REFUNDED') OR due_at <= now() - make_interval(secs => $1 / 1000.0)) GROUP BY 1`,
};

/** Payments that wait beyond their time, by status. Walks the index of what is due: the waiting ones. A REFUNDED one only repeats its news. */
export async function countOverduePayments(pool: Pool): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>({ ...COUNT_OVERDUE, values: [SWEPT_WITHIN_MS] });
  return rows;
}
