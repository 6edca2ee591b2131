/**
 * What customers and operators were answered: it must be true in the end, and who repeats a request must be answered at
 * all.
 */
import type { OrderState } from '@quadrille/order-service/src/domain/decide';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import type { Tables } from '../world/databases';
import type { Finding } from '../report';

type StoredOrder = NonNullable<OrderState>;

/** Keeps what was answered. */
export interface Answers {
  /** A placed order, and what its lines cost by the catalogue, in minor units. */
  readonly placed: (order: StoredOrder, totalMinor: number) => void;
  /** Of a request to change an order. */
  readonly order: (order: OrderState, outcome: string) => void;
  readonly payment: (payment: Payment, outcome: string) => void;
  /** A request that was repeated as often as a customer does it, and never answered. */
  readonly unanswered: (wish: string) => void;
  readonly findings: (tables: Tables) => readonly Finding[];
}

/** What may become of an order for which a customer was told this. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  CANCELLED: ['CANCELLED'],
  COMPLETED: ['COMPLETED', 'REFUNDED'],
};

/** The status that an outcome promises, also when the state in the answer is older. */
const promisedBy = (outcome: string): string | undefined =>
  outcome.startsWith('cancelled') ? 'CANCELLED' : outcome === 'completed' ? 'COMPLETED' : undefined;

/** Creates an empty record of answers. */
export function createAnswers(): Answers {
  const totals = new Map<string, number>();
  const told: { readonly orderId: string; readonly status: string }[] = [];
  const refunded: string[] = [];
  const unanswered: Finding[] = [];
  return {
    placed: ({ orderId }, totalMinor) => {
      totals.set(orderId, totalMinor);
    },
    order: (order, outcome) => {
      const status = promisedBy(outcome) ?? order?.status;
      if (order && status !== undefined && status in ENDS) told.push({ orderId: order.orderId, status });
    },
    payment: ({ orderId }, outcome) => {
      if (outcome === 'refunding') refunded.push(orderId);
    },
    unanswered: (wish) => {
      unanswered.push({ rule: 'answers', detail: `nobody ever answered: ${wish}` });
    },
    findings: ({ order: { table: orders }, payment: { payments } }) => {
      const findings = [...unanswered];
      const wrong = (subject: string, detail: string) => {
        findings.push({ rule: 'answers', subject, detail });
      };
      for (const { orderId, status } of told) {
        const end = orders.rows.get(orderId)?.status ?? 'missing';
        if (ENDS[status]?.includes(end) !== true) wrong(orderId, `was answered as ${status} and is ${end}`);
      }
      for (const orderId of refunded) {
        const end = payments.table.rows.get(orderId)?.status ?? 'missing';
        if (end !== 'REFUNDED') wrong(orderId, `was to be refunded and its payment is ${end}`);
      }
      for (const [orderId, totalMinor] of totals) {
        const end = orders.rows.get(orderId);
        if (!end) wrong(orderId, 'was answered 2xx and does not exist');
        else if (end.total_minor !== null && end.total_minor !== totalMinor)
          wrong(orderId, `costs ${String(end.total_minor)} and its lines ${String(totalMinor)}, in minor units`);
      }
      return findings;
    },
  };
}
