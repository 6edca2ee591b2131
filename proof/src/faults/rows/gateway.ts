/** The bank declines, fails, stays silent, answers late. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Evidence, Row, FaultContext } from '../row';
import type { SystemUnderFault } from '../system-under-fault';

/** How long a bank misbehaves. */
const MISBEHAVING_MS = 15_000;

/** Orders that are cancelled one by one a little later each. */
const RACES = 60;
const RACE_STEP_MS = 12;

/** Orders of each kind. */
const ORDERS = 30;

/** How long the bank is gone, and how many orders a second come meanwhile. */
const DOWN_MS = 30_000;
const STORM_RATE = 50;

/** Counts the rows of a table that belong to orders of this row's load. */
const countOf =
  (system: SystemUnderFault, database: 'order' | 'inventory' | 'payment', table: string, condition: string) =>
  async ({ load }: Evidence): Promise<number> => {
    const rows = await system.sql<{ n: number }>(
      database,
      `SELECT count(*)::int AS n FROM ${table} WHERE order_id = ANY($1) AND (${condition})`,
      [[...load.placed.keys()]],
    );
    return rows[0]?.n ?? 0;
  };

/** Payment-service with other settings until the end of the row. */
async function bankWith(
  { system, finally: whenOver }: FaultContext,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  whenOver(() => system.services.payment.restart());
  await system.services.payment.restart({ env });
}

/** Takes a table of the bank away: every request that needs it fails. */
async function withoutTable({ system, finally: whenOver }: FaultContext, table: string, ms: number): Promise<void> {
  const away = `${table}_away`;
  const bring = () => system.sql('payment', `ALTER TABLE IF EXISTS ${away} RENAME TO ${table}`);
  whenOver(bring);
  await system.sql('payment', `ALTER TABLE ${table} RENAME TO ${away}`);
  await pause(ms);
  await bring();
}

/** The rows. */
export const gatewayRows: readonly Row[] = [
  {
    number: 36,
    group: 'gateway',
    fault: 'Orders cancelled 0, 12, 24 ... 708 ms after they were placed, while a charge takes 50 to 400 ms',
    expected: 'CANCELLED at once, and always a legal end: nothing reserved, nothing kept',
    youWillSee: 'VOIDED or REFUNDED, whichever was first',
    inject: async (context) => {
      await bankWith(context, { PAYMENT_LATENCY_MS: '50-400' });
      const { load, system, recovered } = context;
      await Promise.all(
        Array.from({ length: RACES }, async (_, n) => {
          await pause(n * RACE_STEP_MS * 3); // one after the other, so that each offset is what it says
          const orderId = await load.place('tok_success');
          await pause(n * RACE_STEP_MS);
          if (orderId !== undefined) await load.cancel(orderId);
        }),
      );
      await recovered();
      return {
        'orders cancelled': load.cancelled(),
        'of them never charged': countOf(system, 'payment', 'payments', "status = 'VOIDED'"),
        'charged and refunded': countOf(system, 'payment', 'payments', "status = 'REFUNDED'"),
        'cancelled while a charge was under way': countOf(system, 'payment', 'payments', 'stop_wanted'),
      };
    },
  },
  {
    number: 37,
    group: 'gateway',
    fault: 'Deadline of 1 s against charges that take 300 to 1,500 ms',
    expected: 'confirmed or cancelled, never both: no order paid without stock, none unpaid with it',
    youWillSee: 'CANCELLED with DEADLINE_EXCEEDED, the money back',
    inject: async (context) => {
      const { system, recovered } = context;
      await bankWith(context, { PAYMENT_LATENCY_MS: '300-1500' });
      context.finally(() => system.services.order.restart());
      await system.services.order.restart({ env: { ORDER_DEADLINE_MS: '1000' } });
      await pause(MISBEHAVING_MS);
      await system.services.order.restart();
      await recovered();
      return {
        'orders past their deadline': countOf(system, 'order', 'orders', "reason = 'DEADLINE_EXCEEDED'"),
        'orders confirmed in time': countOf(system, 'order', 'orders', "status = 'CONFIRMED'"),
        'charged too late and refunded': countOf(system, 'payment', 'payments', "status = 'REFUNDED'"),
      };
    },
  },
  {
    number: 38,
    group: 'gateway',
    fault: 'Charged, and the answer is lost; every second of these orders is cancelled meanwhile',
    expected: 'asked again under the same key: charged once, never FAILED while charged',
    youWillSee: 'CONFIRMED on the second attempt, or CANCELLED and refunded',
    inject: async ({ system, load, recovered }) => {
      await Promise.all(
        Array.from({ length: ORDERS }, async (_, n) => {
          const orderId = await load.place('tok_timeout');
          await pause(n * 30);
          if (orderId !== undefined && n % 2 === 0) await load.cancel(orderId);
        }),
      );
      await pause(MISBEHAVING_MS / 3);
      await recovered();
      const lost = "method = 'tok_timeout' AND attempt > 0";
      return {
        'orders whose first answer was lost': countOf(system, 'payment', 'payments', lost),
        'of them paid': countOf(system, 'payment', 'payments', `${lost} AND status = 'SUCCEEDED'`),
        'of them refunded': countOf(system, 'payment', 'payments', `${lost} AND status = 'REFUNDED'`),
        'of them FAILED': { none: countOf(system, 'payment', 'payments', `${lost} AND status = 'FAILED'`) },
      };
    },
  },
  {
    number: 39,
    group: 'gateway',
    fault: 'Requests that land after they were given up: the bank takes up to 3 s, payment-service waits 0.6 s',
    expected: 'voided first, and the late request is refused; or it was first, and the money is found',
    youWillSee: 'RESOLVING for some seconds; then paid, FAILED or VOIDED',
    inject: async (context) => {
      const { system, recovered } = context;
      await bankWith(context, { PAYMENT_LATENCY_MS: '0-3000', GATEWAY_TIMEOUT_MS: '600' });
      await pause(MISBEHAVING_MS);
      await system.services.payment.restart();
      await recovered();
      const charge = (status: string) =>
        countOf(
          system,
          'payment',
          'payments JOIN simulated_gateway_charge AS bank ON bank.reference = order_id',
          status,
        );
      return {
        'attempts whose answer came too late': ({ entries }) => entries.count('PaymentAttemptFailed'),
        'charges voided before they could land': charge("bank.status = 'void'"),
        'charges that were found': charge("bank.status = 'charged' AND attempt > 1"),
      };
    },
  },
  {
    number: 40,
    group: 'gateway',
    fault: 'A bank that declines, answers 503 three times or for ever, and takes up to 800 ms',
    expected: 'again after 1, 2 and 4 s without holding anything up; others are not affected',
    youWillSee: 'FAILED (DECLINED) at once, FAILED (GATEWAY_UNAVAILABLE) after some 8 s, the others as always',
    inject: async (context) => {
      const { system, load, recovered } = context;
      await bankWith(context, { PAYMENT_LATENCY_MS: '100-800' });
      const methods = ['tok_decline', 'tok_flaky_3', 'tok_unavailable'];
      await Promise.all(methods.flatMap((method) => Array.from({ length: ORDERS }, () => load.place(method))));
      const meanwhileMs = await recovered();
      return {
        declined: countOf(system, 'order', 'orders', "reason = 'DECLINED'"),
        'given up after four attempts': countOf(
          system,
          'order',
          'orders',
          "reason = 'GATEWAY_UNAVAILABLE' AND attempts = 4",
        ),
        'paid at the fourth attempt': countOf(system, 'order', 'orders', "status = 'CONFIRMED' AND attempts = 4"),
        'ms for a new order meanwhile': meanwhileMs,
      };
    },
  },
  {
    number: 41,
    group: 'gateway',
    fault: 'Refunds fail for 15 s',
    expected: 'REFUND_PENDING, asked again with growing pauses, refunded once',
    youWillSee: 'refunds that are late; from the sixth try on an error in the log',
    inject: async (context) => {
      const { system, load, recovered } = context;
      const orderIds: string[] = [];
      for (let n = 0; n < ORDERS; n++) {
        const orderId = await load.place('tok_success');
        if (orderId !== undefined) orderIds.push(orderId);
      }
      await pause(1_500); // charged by now
      const pending: number[] = [];
      const cancelling = Promise.all(orderIds.map((orderId) => load.cancel(orderId)));
      const looking = pause(MISBEHAVING_MS - 1_000).then(async () => {
        const rows = await system.sql<{ n: number }>(
          'payment',
          "SELECT count(*)::int AS n FROM payments WHERE status = 'REFUND_PENDING' AND tries > 0",
        );
        pending.push(rows[0]?.n ?? 0);
      });
      await withoutTable(context, 'simulated_gateway_refund', MISBEHAVING_MS);
      await Promise.all([cancelling, looking]);
      await recovered();
      return {
        'refunds that had failed at least once': pending[0] ?? 0,
        'refunded in the end': countOf(system, 'payment', 'payments', "status = 'REFUNDED'"),
      };
    },
  },
  {
    number: 44,
    group: 'gateway',
    fault: 'The bank gone for 30 s under 50 orders a second',
    expected: 'attempts are bounded and spread, nothing piles up in memory, all is resolved when it is back',
    youWillSee: '`effects_running` never above 1,000; orders PENDING until the bank is back',
    inject: async (context) => {
      const { system, load, recovered } = context;
      load.setRate(STORM_RATE);
      await withoutTable(context, 'simulated_gateway_charge', DOWN_MS);
      load.setRate(5);
      const waiting = await system.sql<{ n: number }>(
        'payment',
        "SELECT count(*)::int AS n FROM payments WHERE status IN ('CHARGING', 'RETRY_WAIT', 'RESOLVING')",
      );
      await recovered();
      return {
        'payments under way when it came back': waiting[0]?.n ?? 0,
        'payments with an unknown attempt': countOf(system, 'payment', 'payments', '"unknown"'),
        'orders confirmed': countOf(system, 'order', 'orders', "status = 'CONFIRMED'"),
      };
    },
  },
];
