/**
 * Checks the seven invariants of a running system: its databases, the gateway's ledger and the broker.
 *
 * The system is read in several places, one after the other, so a breach may only be a step in progress. The facts are
 * read again until no breach is left, or the same breach is still there after a while.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { services, shortNames, type ShortName } from '../services';
import type { Addresses } from '../start/addresses';
import type { Breach, OutboxFacts, QueueFacts, StockFacts } from './facts';
import { countKeys, openQueueReader, readOutbox, readRepeatedKeys, readStock, type QueueReader } from './read-system';
import { keyBreaches, restBreaches, stockBreaches } from './rules';
import { createOrdersLook } from './recheck';
import type { Tally } from './tally';

/**
 * How long an order may take to settle during the check, in milliseconds: all retries, a resolved outcome and a refund.
 */
const SETTLE_WITHIN_MS = 30_000;

/** Any other breach that lasts this long, in milliseconds, is certain: the protocol's bound. */
const PERSIST_MS = 5_000;

/**
 * Shortest pause between two looks, in milliseconds; a look that takes longer is followed by a pause of the same
 * length.
 */
const LOOK_INTERVAL_MS = 200;

/** Connections to each database. */
const CONNECTIONS = 4;

/** The options of a check. */
export interface VerifyOptions {
  /** Ids of orders that were accepted (2xx), which must exist. */
  readonly requested?: readonly string[];
  /** How many messages were put into the parking queues on purpose. Default 0. */
  readonly poison?: number;
  /** How long unsettled orders are waited for. Default SETTLE_WITHIN_MS. */
  readonly settleWithinMs?: number;
  /** How long anything else may look wrong. Default PERSIST_MS. */
  readonly persistMs?: number;
  /** Called after each look that found breaches that are not certain yet. */
  readonly onWaiting?: (waiting: readonly Breach[]) => void;
}

/** The addresses that the check needs. */
export type VerifyAddresses = Pick<Addresses, 'databases' | 'amqp' | 'management' | 'credentials'>;

/** What one look found. */
interface Look {
  readonly breaches: readonly Breach[];
  readonly tally: Tally;
  /** More offending orders than are listed. */
  readonly more: boolean;
  readonly stock: readonly StockFacts[];
  readonly keys: number;
  readonly outboxes: readonly OutboxFacts[];
  readonly queues: readonly QueueFacts[];
}

/** The result of a check. */
export interface Verdict extends Look {
  /** Breaches that kept changing, because the system was busy. */
  readonly moving: readonly Breach[];
  readonly poison: number;
  readonly tookMs: number;
}

/** Checks the seven invariants. Resolves also when some are broken; rejects when a server cannot be read. */
export async function verify(addresses: VerifyAddresses, options: VerifyOptions = {}): Promise<Verdict> {
  const { databases, amqp, management, credentials } = addresses;
  const open = (name: ShortName) => {
    const pool = new Pool({
      connectionString: databases[name],
      max: CONNECTIONS,
      application_name: 'quadrille-verify',
    });
    pool.on('error', () => undefined); // the query that needs the connection fails as well
    return pool;
  };
  const pools = {
    order: open('order'),
    inventory: open('inventory'),
    payment: open('payment'),
    notification: open('notification'),
  };
  let queues: QueueReader | undefined;
  try {
    queues = await openQueueReader(amqp, management && credentials ? { url: management, ...credentials } : null);
    return await lookUntilCertain(createLook(pools, queues, options), options);
  } finally {
    await Promise.all([queues?.close(), ...Object.values(pools).map((pool) => pool.end())]);
  }
}

function createLook(
  pools: Readonly<Record<ShortName, Pool>>,
  queueReader: QueueReader,
  { requested = [], poison = 0, persistMs = PERSIST_MS }: VerifyOptions,
): () => Promise<Look> {
  const lookAtOrders = createOrdersLook(pools, requested);
  return async () => {
    const { breaches, tally, more } = await lookAtOrders();
    const stock = await readStock(pools.inventory);
    const repeated = await readRepeatedKeys(pools.order);
    const keys = await countKeys(pools.order);
    const outboxes = await Promise.all(
      shortNames.map((name) => readOutbox(services[name].table.name, pools[name], persistMs)),
    );
    const queues = await queueReader.read();
    const others = [
      ...stock.flatMap(stockBreaches),
      ...restBreaches(outboxes, queues, poison),
      ...keyBreaches(repeated),
    ];
    return { breaches: [...breaches, ...others], tally, more, stock, keys, outboxes, queues };
  };
}

/**
 * The identity of a breach over several looks. An unsettled order and a parking queue are the same offender while they
 * change, because their problem stays; any other breach is the same only while its detail is.
 */
const identify = ({ invariant, orderId = '', productId = '', detail, offender = detail }: Breach) =>
  invariant === 1 ? `1 ${orderId}` : `${String(invariant)} ${orderId} ${productId} ${offender}`;

async function lookUntilCertain(look: () => Promise<Look>, options: VerifyOptions): Promise<Verdict> {
  const { settleWithinMs = SETTLE_WITHIN_MS, persistMs = PERSIST_MS, poison = 0, onWaiting } = options;
  const patienceMs = ({ invariant, lasting, readLateMs = 0 }: Breach) =>
    lasting ? 0 : (invariant === 1 ? settleWithinMs : persistMs) + readLateMs;
  const start = performance.now();
  let firstSeen = new Map<string, number>();
  for (;;) {
    const began = performance.now();
    const found = await look();
    const now = performance.now();
    const seenBefore = firstSeen;
    firstSeen = new Map(found.breaches.map((breach) => [identify(breach), seenBefore.get(identify(breach)) ?? began]));
    const isCertain = (breach: Breach) => now - (firstSeen.get(identify(breach)) ?? now) >= patienceMs(breach);
    const breaches = found.breaches.filter(isCertain);
    // Breaches that change all the time would keep the check going for ever: two such periods show that the system is
    // busy.
    const longestMs = Math.max(2 * persistMs, ...found.breaches.map((breach) => patienceMs(breach) + persistMs));
    if (breaches.length === found.breaches.length || now - start > longestMs) {
      const moving = found.breaches.filter((breach) => !isCertain(breach));
      return { ...found, breaches, moving, poison, tookMs: now - start };
    }
    onWaiting?.(found.breaches.filter((breach) => !isCertain(breach)));
    await pause(Math.max(LOOK_INTERVAL_MS, now - began));
  }
}
