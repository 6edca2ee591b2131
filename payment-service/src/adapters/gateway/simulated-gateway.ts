/**
 * The simulated gateway: a bank with a ledger of its own, in tables that payment-service never reads otherwise. It is
 * idempotent by key like a real one, commits what it says, and answers for itself when the books are checked. Requests
 * that arrive together are written together.
 */
import { createBatcher, inTransaction, lockKeys, pause, type Pool, type PoolClient } from '@quadrille/service-chassis';
import type { ChargeAnswer, RefundAnswer, ResolveAnswer } from '../../domain/messages';
import type { ChargeRequest, PaymentGateway } from '../../gateway';
import { decideCharge, decideResolve, type ChargeEntry } from './simulated-bank';

/** Requests that the bank writes in one transaction. */
const BATCH_MAX = 200;

/** Requests that may wait for that: more than payment-service can have under way. */
const WAITING_MAX = 10_000;

/** A lost answer stays away for this long: longer than anybody waits for it. */
const LOST_MS = 60_000;

/** How the bank behaves. */
export interface SimulatedGatewayOptions {
  readonly pool: Pool;
  /** From 0 to 1, for `tok_visa`. */
  readonly successRate: number;
  /** How long it takes to answer, in milliseconds: at least and at most. */
  readonly latencyMs: readonly [number, number];
}

type Question =
  | ({ readonly asks: 'charge' } & ChargeRequest)
  | { readonly asks: 'resolve'; readonly key: string; readonly reference: string };
type Answer = ChargeAnswer | ResolveAnswer | 'lost';

const LOAD = { name: 'bank-load', text: 'SELECT key, status, calls FROM simulated_gateway_charge WHERE key = ANY($1)' };
const SAVE = {
  name: 'bank-save',
  text: `INSERT INTO simulated_gateway_charge (key, reference, status, calls, amount_minor, currency)
    SELECT key, reference, status::"SimulatedChargeStatus", calls, amount, currency
    FROM json_to_recordset($1::json) AS row (key text, reference text, status text, calls int, amount bigint, currency text)
    ON CONFLICT (key) DO UPDATE SET status = EXCLUDED.status, calls = EXCLUDED.calls`,
};
const REFUND = {
  name: 'bank-refund',
  text: `INSERT INTO simulated_gateway_refund (key, charge_key, reference, amount_minor, currency)
    SELECT $1, key, reference, amount_minor, currency FROM simulated_gateway_charge WHERE key = $2 AND status = 'charged'
    ON CONFLICT (key) DO NOTHING`,
};
const REFUNDED = { name: 'bank-refunded', text: 'SELECT 1 FROM simulated_gateway_refund WHERE key = $1' };

interface Answered {
  readonly answers: Answer[];
  /** The entries of the ledger that changed. */
  readonly written: readonly object[];
}

/** Decides about all questions on the evolving ledger. */
async function answerAll(tx: PoolClient, questions: readonly Question[], successRate: number): Promise<Answered> {
  const keys = [...new Set(questions.map(({ key }) => key))];
  // Sent together, answered in order: the snapshot of the second is younger than the locks of the first.
  const [, { rows }] = await Promise.all([
    lockKeys(tx, keys),
    tx.query<ChargeEntry & { key: string }>({ ...LOAD, values: [keys] }),
  ]);
  const ledger = new Map<string, ChargeEntry>(rows.map(({ key, status, calls }) => [key, { status, calls }]));
  const written = new Map<string, object>();
  const answers = questions.map((question) => {
    const { key, reference } = question;
    const found = ledger.get(key);
    const { entry, answer } =
      question.asks === 'charge'
        ? decideCharge(found, question.method, Math.random(), successRate)
        : decideResolve(found);
    if (entry !== found) {
      ledger.set(key, entry);
      const [amount, currency] = question.asks === 'charge' ? [question.amountMinor, question.currency] : [0, ''];
      written.set(key, {
        key,
        reference,
        ...entry,
        amount,
        currency,
        ...written.get(key),
        status: entry.status,
        calls: entry.calls,
      });
    }
    return answer;
  });
  return { answers, written: [...written.values()] };
}

const save = (tx: PoolClient, { written }: Answered) =>
  written.length === 0 ? [] : [tx.query({ ...SAVE, values: [JSON.stringify(written)] })];

/** Creates a simulated gateway on the tables `simulated_gateway_charge` and `simulated_gateway_refund`. */
export function createSimulatedGateway({
  pool,
  successRate,
  latencyMs: [leastMs, mostMs],
}: SimulatedGatewayOptions): PaymentGateway {
  const lane = createBatcher<Question, Answer>({ batch: BATCH_MAX, waiting: WAITING_MAX }, async (questions) => {
    const { answers } = await inTransaction(pool, (tx) => answerAll(tx, questions, successRate), save);
    return answers;
  });
  const takeTime = async () => {
    if (mostMs > 0) await pause(leastMs + Math.random() * (mostMs - leastMs));
  };
  return {
    charge: async (request) => {
      await takeTime();
      const answer = await lane.submit({ asks: 'charge', ...request });
      if (answer !== 'lost') return answer as ChargeAnswer; // the question was a charge
      await pause(LOST_MS);
      return 'no answer';
    },
    resolve: async (key, reference) => {
      await takeTime();
      return (await lane.submit({ asks: 'resolve', key, reference })) as ResolveAnswer; // the question was a resolve
    },
    refund: async (key, chargeKey): Promise<RefundAnswer> => {
      await takeTime();
      await pool.query({ ...REFUND, values: [key, chargeKey] });
      const { rowCount } = await pool.query({ ...REFUNDED, values: [key] });
      return rowCount === 1 ? 'refunded' : 'unreachable';
    },
  };
}
