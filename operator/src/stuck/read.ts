/**
 * Finds the orders that wait beyond their time, and reads everything that is known about them. Every statement uses an
 * index that exists anyway.
 */
import { connect, type Replies } from 'amqplib';
import type { Pool } from 'pg';
import { SWEPT_WITHIN_MS } from '@quadrille/service-chassis';
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import type { Parked } from '../dead-letters/parked';
import { services, shortNames, type ShortName } from '../services';
import type { Moment, ServiceQueues, StuckFacts } from './facts';

/** How many orders are explained: more would not tell more. */
export const EXPLAINED_MAX = 200;

/** A broker that does not respond within this, in milliseconds, is not reachable. */
const CONNECT_TIMEOUT_MS = 10_000;

type Databases = Readonly<Record<ShortName, Pool>>;

/**
 * Selects orders beyond their time: nudged or tried in vain, or not taken by the sweeper. `$1`: milliseconds, `$2`: how
 * many.
 */
const beyond = (table: string, inVain: string) =>
  `SELECT order_id AS "orderId" FROM ${table} WHERE due_at IS NOT NULL AND order_id IS NOT NULL
    AND (${inVain} OR due_at <= now() - make_interval(secs => $1 / 1000.0)) ORDER BY due_at LIMIT $2`;

const BEYOND: Readonly<Record<ShortName, string>> = {
  order: beyond('orders', 'nudges > 0'),
  inventory: beyond('reservation', 'nudges > 0'),
  payment: beyond('payments', "(tries > 0 AND status <> 'REFUNDED')"),
  notification: beyond('notification', 'attempts > 1'),
};

const UNPUBLISHED = `SELECT DISTINCT order_id AS "orderId" FROM outbox
  WHERE created_at <= now() - make_interval(secs => $1 / 1000.0) LIMIT $2`;

/** A moment as JSON, with its distance from now by the database's clock. */
const moment = (column: string) =>
  `CASE WHEN ${column} IS NOT NULL THEN json_build_object('at', ${column}, 'inSeconds', round(extract(epoch FROM ${column} - now()))) END`;

const DETAILS = {
  order: `SELECT order_id AS "orderId", status, settled, inventory, payment, nudges, traceparent, ${moment('updated_at')} AS changed,
    ${moment('deadline_at')} AS deadline, ${moment('due_at')} AS due FROM orders WHERE order_id = ANY($1)`,
  inventory: `SELECT order_id AS "orderId", status, nudges, ${moment('updated_at')} AS changed, ${moment('due_at')} AS due
    FROM reservation WHERE order_id = ANY($1)`,
  payment: `SELECT order_id AS "orderId", status, attempt, tries, ${moment('updated_at')} AS changed, ${moment('due_at')} AS due
    FROM payments WHERE order_id = ANY($1)`,
  notification: `SELECT order_id AS "orderId", kind, attempts, ${moment('created_at')} AS written, ${moment('due_at')} AS due
    FROM notification WHERE order_id = ANY($1) AND due_at IS NOT NULL`,
  outbox: `SELECT order_id AS "orderId", routing_key AS type, attempts AS tries, ${moment('created_at')} AS written,
    ${moment('available_at')} AS available FROM outbox
    WHERE order_id = ANY($1) AND created_at <= now() - make_interval(secs => $2 / 1000.0)`,
};

/** Ids of orders that wait beyond their time, in any of the services. */
async function findIds(databases: Databases): Promise<string[]> {
  const values = [SWEPT_WITHIN_MS, EXPLAINED_MAX];
  const found = await Promise.all(
    shortNames.flatMap((name) =>
      [BEYOND[name], UNPUBLISHED].map((text) => databases[name].query<{ orderId: string }>(text, values)),
    ),
  );
  return found.flatMap(({ rows }) => rows.map(({ orderId }) => orderId));
}

/** Orders of parked messages that are not settled. */
async function unsettledOf(order: Pool, ids: readonly string[]): Promise<string[]> {
  const { rows } = await order.query<{ orderId: string }>(
    'SELECT order_id AS "orderId" FROM orders WHERE order_id = ANY($1) AND NOT settled',
    [ids],
  );
  return rows.map(({ orderId }) => orderId);
}

/** Turns times in JSON into dates, at any depth. */
function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date || Array.isArray(value))
    return value ?? undefined;
  if ('at' in value && 'inSeconds' in value)
    return { at: new Date(String(value.at)), inSeconds: Number(value.inSeconds) } satisfies Moment;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

/** Returns the rows of a statement by order id, without the id. */
async function read<Fact>(pool: Pool, text: string, values: unknown[]): Promise<ReadonlyMap<string, readonly Fact[]>> {
  const { rows } = await pool.query<{ orderId: string }>(text, values);
  const byOrder = new Map<string, Fact[]>();
  for (const { orderId, ...row } of rows) {
    // The statement beside which this is called names exactly the fields of the fact.
    byOrder.set(orderId, [...(byOrder.get(orderId) ?? []), revive(row) as Fact]);
  }
  return byOrder;
}

/** Reads everything about the orders that wait beyond their time. `parked`: the messages in the parking queues. */
export async function readStuck(databases: Databases, parked: readonly Parked[]): Promise<StuckFacts[]> {
  const waiting = await findIds(databases);
  const unsettled = await unsettledOf(
    databases.order,
    parked.map(({ orderId }) => orderId),
  );
  const ids = [...new Set([...waiting, ...unsettled])];
  type Facts<Part extends keyof StuckFacts> = NonNullable<StuckFacts[Part]>;
  type One<Part extends keyof StuckFacts> = Facts<Part> extends readonly (infer Each)[] ? Each : Facts<Part>;
  const [orders, reservations, payments, mails, ...outboxes] = await Promise.all([
    read<One<'order'>>(databases.order, DETAILS.order, [ids]),
    read<One<'reservation'>>(databases.inventory, DETAILS.inventory, [ids]),
    read<One<'payment'>>(databases.payment, DETAILS.payment, [ids]),
    read<One<'mails'>>(databases.notification, DETAILS.notification, [ids]),
    ...shortNames.map((name) =>
      read<Omit<One<'rows'>, 'service'>>(databases[name], DETAILS.outbox, [ids, SWEPT_WITHIN_MS]),
    ),
  ]);
  return ids.map((orderId) => ({
    orderId,
    order: orders.get(orderId)?.[0],
    reservation: reservations.get(orderId)?.[0],
    payment: payments.get(orderId)?.[0],
    mails: mails.get(orderId) ?? [],
    rows: shortNames.flatMap((name, index) =>
      (outboxes[index]?.get(orderId) ?? []).map((row) => ({ ...row, service: services[name].table.name })),
    ),
    parked: parked.filter((each) => each.orderId === orderId),
  }));
}

/** Reads the queues of the services: how many messages wait, and how many consumers there are. */
export async function readQueues(amqpUrl: string): Promise<ServiceQueues[]> {
  const connection = await connect(amqpUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the call that it broke fails as well
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined); // the call that it broke fails as well
    const queues: ServiceQueues[] = [];
    for (const name of shortNames) {
      const service = services[name].table.name;
      const found: Replies.AssertQueue[] = [];
      for (const queue of queuesOf(services[name].table)) found.push(await channel.checkQueue(queue));
      queues.push({
        service,
        messages: found.reduce((sum, { messageCount }) => sum + messageCount, 0),
        consumers: Math.min(...found.map(({ consumerCount }) => consumerCount)),
      });
    }
    return queues;
  } finally {
    await connection.close().catch(() => undefined);
  }
}
