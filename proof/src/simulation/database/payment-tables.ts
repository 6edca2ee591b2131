/** The tables of payment-service and of the simulated bank, with their statements. */
import type { SentPayment } from '@quadrille/payment-service/src/adapters/database/payment-store';
import { createStateTable, rowTimes, type StateTable } from './state-table';
import type { Statements } from './statement';
import { createTable, type Table } from './tables';
import { list, records, rowsOf, text, written } from './values';

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
  readonly payments: StateTable<SentPayment>;
  readonly charges: Table<ChargeRow>;
  readonly refunds: Table<RefundRow>;
}

/** Creates them empty. */
export function createPaymentTables(): PaymentTables {
  return {
    payments: createStateTable<SentPayment>({
      name: 'payments',
      keyOf: (row) => row.order_id,
      notLoaded: [],
      writtenOnce: ['payment_id', 'traceparent'],
      computes: rowTimes,
    }),
    charges: createTable<ChargeRow>('simulated_gateway_charge'),
    refunds: createTable<RefundRow>('simulated_gateway_refund'),
  };
}

/** The statements of the store (payment-service/src/adapters/database/payment-statements.ts). */
export const paymentStatements = ({ payments }: PaymentTables): Statements => ({
  'payments-load': payments.load,
  'payments-save': payments.save,
  'payments-overdue': payments.overdue,
});

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
