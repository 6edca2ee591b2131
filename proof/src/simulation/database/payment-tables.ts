/** The tables of payment-service and of the simulated bank, with their statements. */
import type { Statements } from './statement';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import { EPOCH_MS } from '../engine/globals';
import { list, number, records, rowsOf, text, toColumn, toDate, written } from './values';

interface PaymentRecord {
  readonly order_id: string;
  readonly payment_id: string;
  readonly customer_id: string;
  readonly status: string;
  readonly amount_minor: number | null;
  readonly currency: string | null;
  readonly method: string | null;
  readonly attempt: number;
  readonly stop_wanted: boolean;
  readonly unknown: boolean;
  readonly reason: string | null;
  readonly tries: number;
  readonly traceparent?: string;
}

/** A row of `payments`; times in milliseconds. */
export interface PaymentRow extends PaymentRecord {
  readonly updated_at: number;
  readonly wakes_at: number | null;
}

/** A charge in the bank's books. */
export interface ChargeRow {
  readonly key: string;
  readonly reference: string;
  readonly status: string;
  readonly calls: number;
  readonly amount: number;
  readonly currency: string;
}

/** A refund in the bank's books. */
export interface RefundRow {
  readonly chargeKey: string;
  readonly reference: string;
  readonly amount: number;
}

/** The tables of payment-service's database. */
export interface PaymentTables {
  readonly payments: Table<PaymentRow>;
  readonly paymentsDue: DueIndex<PaymentRow>;
  readonly charges: Table<ChargeRow>;
  readonly refunds: Table<RefundRow>;
}

/** Creates them empty. */
export function createPaymentTables(): PaymentTables {
  const payments = createTable<PaymentRow>('payments');
  return {
    payments,
    paymentsDue: indexByDue(payments, ({ wakes_at }) => wakes_at),
    charges: createTable<ChargeRow>('simulated_gateway_charge'),
    refunds: createTable<RefundRow>('simulated_gateway_refund'),
  };
}

interface SentPayment extends PaymentRecord {
  readonly due_in_ms: number | null;
  readonly due_at: string | null;
}

function upserted(stored: PaymentRow | undefined, sent: SentPayment, nowMs: number): PaymentRow {
  const now = toColumn(nowMs);
  const { due_in_ms, due_at, ...record } = sent;
  const wakes_at =
    due_in_ms !== null ? toColumn(nowMs + due_in_ms) : due_at === null ? null : Date.parse(due_at) - EPOCH_MS;
  if (!stored) return { ...record, updated_at: now, wakes_at };
  const same =
    stored.status === record.status &&
    stored.attempt === record.attempt &&
    stored.stop_wanted === record.stop_wanted &&
    stored.unknown === record.unknown;
  const { payment_id, traceparent } = stored;
  return {
    ...record,
    payment_id,
    ...(traceparent === undefined ? {} : { traceparent }),
    updated_at: same ? stored.updated_at : now,
    wakes_at,
  };
}

const loaded = (row: PaymentRow, nowMs: number, healingMs: number) => ({
  orderId: row.order_id,
  paymentId: row.payment_id,
  customerId: row.customer_id,
  status: row.status,
  amountMinor: row.amount_minor,
  currency: row.currency,
  method: row.method,
  attempt: row.attempt,
  stopWanted: row.stop_wanted,
  unknown: row.unknown,
  reason: row.reason,
  tries: row.tries,
  traceparent: row.traceparent ?? null,
  dueAt: row.wakes_at === null ? null : toDate(row.wakes_at).toISOString(),
  due: row.wakes_at !== null && row.wakes_at <= nowMs,
  stale: row.updated_at <= nowMs - healingMs,
});

/** The statements of the store (payment-service/src/adapters/database/payment-store.ts). */
export function paymentStatements({ payments, paymentsDue }: PaymentTables): Statements {
  return {
    'payments-load': {
      run: (values, tx) => {
        const rows: object[] = [];
        for (const id of new Set(list(values, 0))) {
          const row = tx.get(payments, id);
          if (row) rows.push(loaded(row, tx.nowMs, number(values, 1)));
        }
        return rowsOf(rows);
      },
    },
    'payments-save': {
      locks: (values) => (records(values, 0) as readonly SentPayment[]).map(({ order_id }) => `payments ${order_id}`),
      run: (values, tx) => {
        const sent = records(values, 0) as readonly SentPayment[];
        for (const record of sent)
          tx.put(payments, record.order_id, upserted(tx.get(payments, record.order_id), record, tx.nowMs));
        return written(sent.length);
      },
    },
    'payments-overdue': {
      run: (values, tx) =>
        rowsOf(
          paymentsDue
            .due(tx.nowMs, number(values, 0))
            .map(({ order_id, traceparent }) => ({ key: order_id, traceparent: traceparent ?? null })),
        ),
    },
  };
}

/** The statements of the simulated bank (payment-service/src/adapters/gateway/simulated-gateway.ts). */
export function bankStatements({ charges, refunds }: PaymentTables): Statements {
  return {
    'bank-load': {
      run: (values, tx) => {
        const rows: object[] = [];
        for (const key of new Set(list(values, 0))) {
          const row = tx.get(charges, key);
          if (row) rows.push({ key, status: row.status, calls: row.calls });
        }
        return rowsOf(rows);
      },
    },
    'bank-save': {
      locks: (values) => (records(values, 0) as readonly ChargeRow[]).map(({ key }) => `charge ${key}`),
      run: (values, tx) => {
        const rows = records(values, 0) as readonly ChargeRow[];
        for (const { status, calls, ...rest } of rows)
          tx.put(charges, rest.key, { ...(tx.get(charges, rest.key) ?? rest), status, calls });
        return written(rows.length);
      },
    },
    'bank-refund': {
      locks: (values) => [`refund ${text(values, 0)}`],
      run: (values, tx) => {
        const [key, chargeKey] = [text(values, 0), text(values, 1)];
        const charge = tx.get(charges, chargeKey);
        if (charge?.status !== 'charged' || tx.get(refunds, key)) return written(0);
        tx.put(refunds, key, { chargeKey, reference: charge.reference, amount: charge.amount });
        return written(1);
      },
    },
    'bank-refunded': {
      run: (values, tx) => rowsOf(tx.get(refunds, text(values, 0)) ? [{ '?column?': 1 }] : []),
    },
  };
}
