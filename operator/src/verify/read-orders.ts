/**
 * Reads what four databases hold about each order, merged by order id, a page at a time: memory does not grow with the
 * number of orders. Every statement uses an index that exists anyway.
 */
import type { Pool } from 'pg';
import type { OrderFacts } from './facts';

/** Rows of one statement: large enough that round trips cost nothing, small enough to hold six such pages. */
const PAGE_ROWS = 5_000;

/** An id before all others. */
const FIRST = '';

/** The databases that hold orders. */
export interface OrderDatabases {
  readonly order: Pool;
  readonly inventory: Pool;
  readonly payment: Pool;
  readonly notification: Pool;
}

interface Row {
  readonly orderId: string;
}
interface OrderRow extends Row {
  readonly status: string;
  readonly settled: boolean;
  readonly totalMinor: number | null;
}
interface StatusRow extends Row {
  readonly status: string;
}
interface AmountsRow extends Row {
  readonly amounts: readonly number[];
}
interface KindsRow extends Row {
  readonly kinds: readonly string[];
}

/** The rows of one page or of some orders, from everywhere. */
interface Rows {
  readonly orders: readonly OrderRow[];
  readonly reservations: readonly StatusRow[];
  readonly payments: readonly StatusRow[];
  readonly charges: readonly AmountsRow[];
  readonly refunds: readonly AmountsRow[];
  readonly notifications: readonly KindsRow[];
}

/** A statement for a page (`$1`: the last id before it, `$2`: how many) and the same for some ids (`$1`). */
interface Statement {
  readonly page: string;
  readonly some: string;
}

const simple = (columns: string, table: string): Statement => ({
  page: `SELECT order_id AS "orderId", ${columns} FROM ${table} WHERE order_id > $1 ORDER BY order_id LIMIT $2`,
  some: `SELECT order_id AS "orderId", ${columns} FROM ${table} WHERE order_id = ANY($1)`,
});

/**
 * The keys of the ledger are `charge-<order>` and `refund-<order>`, so its pages use the primary key. Entries under
 * other keys are strays, which have an index of their own: strayOrders finds them, and they are read with the other
 * rows of their order. A page contains them without amounts: with a condition instead, the planner would take the page
 * for all rows and read the whole table each time.
 */
const ledger = (prefix: string, table: string, condition: string): Statement => ({
  page: `SELECT substr(key, ${String(prefix.length + 1)}) AS "orderId",
      CASE WHEN key = '${prefix}' || reference THEN ARRAY[amount_minor::float8] ELSE '{}' END AS amounts FROM ${table}
    WHERE key > '${prefix}' || $1 AND key LIKE '${prefix}%' AND ${condition} ORDER BY key LIMIT $2`,
  some: `SELECT reference AS "orderId", array_agg(amount_minor::float8) AS amounts FROM (
      SELECT * FROM ${table} WHERE key IN (SELECT '${prefix}' || id FROM unnest($1::text[]) AS id) AND key = '${prefix}' || reference
      UNION ALL SELECT * FROM ${table} WHERE reference = ANY($1) AND key <> '${prefix}' || reference) AS entries
    WHERE ${condition} GROUP BY reference`,
});

const STATEMENTS = {
  orders: simple('status, settled, total_minor::float8 AS "totalMinor"', 'orders'),
  reservations: simple('status', 'reservation'),
  payments: simple('status', 'payments'),
  charges: ledger('charge-', 'simulated_gateway_charge', "status = 'charged'"),
  refunds: ledger('refund-', 'simulated_gateway_refund', 'true'),
  notifications: {
    page: `SELECT order_id AS "orderId", array_agg(kind::text) AS kinds FROM notification
      WHERE order_id > $1 GROUP BY order_id ORDER BY order_id LIMIT $2`,
    some: `SELECT order_id AS "orderId", array_agg(kind::text) AS kinds FROM notification WHERE order_id = ANY($1) GROUP BY order_id`,
  },
} satisfies Record<keyof Rows, Statement>;

const STRAYS = `SELECT DISTINCT reference FROM (
    SELECT reference FROM simulated_gateway_charge WHERE status = 'charged' AND key <> 'charge-' || reference
    UNION ALL SELECT reference FROM simulated_gateway_refund WHERE key <> 'refund-' || reference) AS strays LIMIT $1`;

async function read(databases: OrderDatabases, form: keyof Statement, values: unknown[]): Promise<Rows> {
  const ask = async <R extends Row>(pool: Pool, statement: Statement) => {
    const { rows } = await pool.query<R>(statement[form], values);
    return rows;
  };
  // The order's own row is read last: the other rows are caused by it, so a new order is not mistaken for a missing
  // one.
  const [reservations, payments, charges, refunds, notifications] = await Promise.all([
    ask<StatusRow>(databases.inventory, STATEMENTS.reservations),
    ask<StatusRow>(databases.payment, STATEMENTS.payments),
    ask<AmountsRow>(databases.payment, STATEMENTS.charges),
    ask<AmountsRow>(databases.payment, STATEMENTS.refunds),
    ask<KindsRow>(databases.notification, STATEMENTS.notifications),
  ]);
  const orders = await ask<OrderRow>(databases.order, STATEMENTS.orders);
  return { orders, reservations, payments, charges, refunds, notifications };
}

const byOrder = <R extends Row>(rows: readonly R[]) => new Map(rows.map((row) => [row.orderId, row]));

const isNoStray = ({ amounts }: AmountsRow) => amounts.length > 0;

/** Joins the rows of every order up to and including `last`. */
function merge(rows: Rows, last: string | undefined): OrderFacts[] {
  const orders = byOrder(rows.orders);
  const reservations = byOrder(rows.reservations);
  const payments = byOrder(rows.payments);
  const charges = byOrder(rows.charges.filter(isNoStray));
  const refunds = byOrder(rows.refunds.filter(isNoStray));
  const notifications = byOrder(rows.notifications);
  const all = [orders, reservations, payments, charges, refunds, notifications].flatMap((map) => [...map.keys()]);
  const ids = [...new Set(all)].filter((id) => last === undefined || id <= last);
  return ids.map((orderId) => ({
    orderId,
    order: orders.get(orderId),
    reservation: reservations.get(orderId)?.status,
    payment: payments.get(orderId)?.status,
    charges: charges.get(orderId)?.amounts ?? [],
    refunds: refunds.get(orderId)?.amounts ?? [],
    notifications: notifications.get(orderId)?.kinds ?? [],
  }));
}

/** The id up to which every table has been read; undefined when all were read to the end. */
function readUpTo(rows: Rows, pageRows: number): string | undefined {
  const lasts = Object.values(rows)
    .filter((page: readonly Row[]) => page.length === pageRows)
    .map((page: readonly Row[]) => page.at(-1)?.orderId ?? FIRST);
  return lasts.length === 0 ? undefined : lasts.reduce((least, id) => (id < least ? id : least));
}

/** Reads everything about every order, a page at a time, in the order of their ids. */
export async function* scanOrders(
  databases: OrderDatabases,
  pageRows = PAGE_ROWS,
): AsyncGenerator<readonly OrderFacts[]> {
  let after: string | undefined = FIRST;
  while (after !== undefined) {
    const rows = await read(databases, 'page', [after, pageRows]);
    after = readUpTo(rows, pageRows);
    yield merge(rows, after);
  }
}

/** Reads everything about some orders. Unknown orders are left out. */
export async function readOrders(databases: OrderDatabases, orderIds: readonly string[]): Promise<OrderFacts[]> {
  if (orderIds.length === 0) return [];
  return merge(await read(databases, 'some', [orderIds]), undefined);
}

/**
 * Orders with ledger entries under a key other than their own, which were charged or refunded more than once. At most
 * `limit`.
 */
export async function strayOrders({ payment }: OrderDatabases, limit: number): Promise<string[]> {
  const { rows } = await payment.query<{ reference: string }>(STRAYS, [limit]);
  return rows.map(({ reference }) => reference);
}

/** Which of these orders do not exist. */
export async function missingOrders({ order }: OrderDatabases, orderIds: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let start = 0; start < orderIds.length; start += PAGE_ROWS) {
    const { rows } = await order.query<{ id: string }>(
      'SELECT id FROM unnest($1::text[]) AS id WHERE NOT EXISTS (SELECT FROM orders WHERE order_id = id)',
      [orderIds.slice(start, start + PAGE_ROWS)],
    );
    missing.push(...rows.map(({ id }) => id));
  }
  return missing;
}
