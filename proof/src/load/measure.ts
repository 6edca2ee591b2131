/** The two loads that the system is held against, and what it must reach under them. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Addresses } from '@quadrille/operator/src/start/addresses';
import { openCustomers } from './customers';
import { metric, percentile, residentBytes } from './figures';

/** A steady stream: orders a second, for so long. */
const STEADY_RATE = 50;
const STEADY_S = 20;

/** Orders before the figures count: connections are opened, code is compiled. */
const WARM_UP_ORDERS = 300;

/** A steady order is answered when it is CONFIRMED, within this. */
const WAIT_S = 20;

/** A burst: orders, over so many connections. */
const BURST_ORDERS = 2_000;
const BURST_CONNECTIONS = 64;

/** The burst is given up when it has not settled by then. */
const BURST_WITHIN_MS = 60_000;

/** Pause between two looks at what is not settled. */
const LOOK_MS = 20;

const MS_PER_S = 1_000;

/** Figures of the steady stream, in milliseconds from the request to the answer CONFIRMED. */
export interface SteadyFigures {
  readonly orders: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly notConfirmed: number;
}

/** Places orders at a steady rate, however long the answers take, and measures POST to CONFIRMED. */
export async function measureSteady(addresses: Addresses, productId: string): Promise<SteadyFigures> {
  const customers = openCustomers(addresses.order, BURST_CONNECTIONS);
  const one = async () => {
    const began = performance.now();
    const { status } = await customers.place(productId, WAIT_S);
    return { status, ms: performance.now() - began };
  };
  const began = performance.now();
  const running: ReturnType<typeof one>[] = [];
  const total = WARM_UP_ORDERS + STEADY_RATE * STEADY_S;
  for (let n = 0; n < total; n++) {
    const dueMs = began + (n * MS_PER_S) / STEADY_RATE;
    const early = dueMs - performance.now();
    if (early > 0) await pause(early);
    running.push(one());
  }
  const answers = (await Promise.all(running)).slice(WARM_UP_ORDERS);
  customers.close();
  const times = answers.map(({ ms }) => ms);
  return {
    orders: answers.length,
    medianMs: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    notConfirmed: answers.filter(({ status }) => status !== 'CONFIRMED').length,
  };
}

/** Figures of the burst. */
export interface BurstFigures {
  readonly orderIds: readonly string[];
  /** From the first request to the last answer. */
  readonly postingMs: number;
  /** From the last answer to the last order settled. */
  readonly settledAfterMs: number;
  /** Messages a batch, by service, of the consumer alone. */
  readonly averageBatch: Readonly<Record<ShortName, number>>;
}

async function batches(
  addresses: Addresses,
  name: ShortName,
): Promise<{ readonly sum: number; readonly count: number }> {
  const lane = 'lane="consumer"';
  return {
    sum: await metric(addresses[name], 'batch_size_sum', lane),
    count: await metric(addresses[name], 'batch_size_count', lane),
  };
}

const ofEach = async <Value>(work: (name: ShortName) => Promise<Value>): Promise<Record<ShortName, Value>> =>
  // One entry for each short name; Object.fromEntries forgets the key type.
  Object.fromEntries(await Promise.all(shortNames.map(async (name) => [name, await work(name)] as const))) as Record<
    ShortName,
    Value
  >;

/** Places all orders as fast as they are taken, and waits until every one of them is settled. */
export async function measureBurst(addresses: Addresses, productId: string): Promise<BurstFigures> {
  const before = await ofEach((name) => batches(addresses, name));
  const customers = openCustomers(addresses.order, BURST_CONNECTIONS);
  const began = performance.now();
  const placed = await Promise.all(Array.from({ length: BURST_ORDERS }, () => customers.place(productId)));
  const posted = performance.now();
  const orderIds = placed.map(({ order_id }) => order_id);
  await untilSettled(addresses.databases.order, orderIds);
  const settled = performance.now();
  customers.close();
  const after = await ofEach((name) => batches(addresses, name));
  const averageBatch = await ofEach((name) =>
    Promise.resolve((after[name].sum - before[name].sum) / Math.max(1, after[name].count - before[name].count)),
  );
  return { orderIds, postingMs: posted - began, settledAfterMs: settled - posted, averageBatch };
}

async function untilSettled(database: string, orderIds: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    const deadline = performance.now() + BURST_WITHIN_MS;
    for (;;) {
      const { rows } = await client.query<{ left: number }>(
        'SELECT count(*)::int AS left FROM orders WHERE NOT settled AND order_id = ANY($1)',
        [orderIds],
      );
      const left = rows[0]?.left ?? 0;
      if (left === 0) return;
      if (performance.now() > deadline)
        throw new Error(
          `${String(left)} orders are not settled ${String(BURST_WITHIN_MS / MS_PER_S)} s after the burst: npm run verify`,
        );
      await pause(LOOK_MS);
    }
  } finally {
    await client.end();
  }
}

/** Resident memory of each service now, in bytes, by its name. */
export const measureMemory = (addresses: Addresses): Promise<(readonly [string, number])[]> =>
  Promise.all(
    shortNames.map(async (name) => [services[name].table.name, await residentBytes(addresses[name])] as const),
  );
