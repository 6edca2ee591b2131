/**
 * Hostile input against a running system: requests and messages at once, with good orders in between. In the end every
 * good order is CONFIRMED, no service has died or grown, the unreadable messages are parked, and nothing else is wrong.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'amqplib';
import { reasonOf } from '@quadrille/service-chassis';
import { openShop } from '@quadrille/operator/src/demo/client';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import { verify, type Verdict, type VerifyAddresses } from '@quadrille/operator/src/verify/verify';
import { fuzzHttp, type HttpResult } from './http';
import { fuzzMessages, type MessagesResult } from './messages';
import { readOperations } from './operations';

/** A good order every so often. */
const GOOD_ORDER_EVERY_MS = 200;

/**
 * A service may keep so much more at rest than it had after the warm-up: caches, plans and a heap that is not quite
 * compact.
 */
const GROWTH_MAX_BYTES = 96 * 1024 * 1024;

/** A service at rest gives memory back within this time. */
const REST_WITHIN_MS = 60_000;

/** The first requests of a run, after which memory is taken for warm. */
const WARM_UP_SHARE = 0.2;

/** Units of the product of the good orders. */
const GOOD_STOCK = 1_000_000;

/** All messages are taken and parked within this time after the last was sent. */
const PARKED_WITHIN_MS = 240_000;

const LOOK_INTERVAL_MS = 250;
const MIB = 1024 * 1024;

/** What is fuzzed, and how much. */
export interface FuzzOptions {
  readonly requests: number;
  readonly messages: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

/** Where. */
export type FuzzAddresses = VerifyAddresses & Readonly<Record<ShortName, string>>;

/** What came of it. */
export interface FuzzResult {
  readonly http: HttpResult;
  readonly messages: MessagesResult;
  readonly goodOrders: number;
  readonly verdict: Verdict;
  /** Resident memory of each service, after the warm-up and at the end, in MiB. */
  readonly memory: Readonly<Record<ShortName, readonly [before: number, after: number]>>;
  /** What is wrong, besides the answers and the invariants. */
  readonly faults: readonly string[];
  readonly tookMs: number;
}

interface Vitals {
  readonly startedAt: number;
  readonly residentBytes: number;
}

async function vitalsOf(url: string): Promise<Vitals> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const figure = (name: string) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
  return { startedAt: figure('process_start_time_seconds'), residentBytes: figure('process_resident_memory_bytes') };
}

async function allVitals(urls: FuzzAddresses): Promise<Record<ShortName, Vitals>> {
  const [order, inventory, payment, notification] = await Promise.all([
    vitalsOf(urls.order),
    vitalsOf(urls.inventory),
    vitalsOf(urls.payment),
    vitalsOf(urls.notification),
  ]);
  return { order, inventory, payment, notification };
}

/** Places good orders until it is told to stop. Returns how each ended. */
async function placeGoodOrders(addresses: FuzzAddresses, product_id: string, ended: AbortSignal): Promise<string[]> {
  const shop = openShop(addresses);
  const placed: Promise<string>[] = [];
  while (!ended.aborted) {
    const request = { customer_id: 'fuzz-good', items: [{ product_id, quantity: 1 }], payment_method: 'tok_success' };
    placed.push(
      shop
        .place(request)
        .then(({ order_id }) => shop.settled(order_id, AbortSignal.timeout(REST_WITHIN_MS)))
        .then(({ status, order_id }) => `${status} ${order_id}`)
        .catch((error: unknown) => `no end: ${reasonOf(error)}`),
    );
    await pause(GOOD_ORDER_EVERY_MS);
  }
  return Promise.all(placed);
}

/** How many messages wait in some queues. */
async function countMessages(amqp: string, names: readonly string[]): Promise<number> {
  const connection = await connect(amqp, { timeout: 10_000 });
  connection.on('error', () => undefined); // the call that it broke fails as well
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined); // likewise
    let count = 0;
    for (const name of names) count += (await channel.checkQueue(name)).messageCount;
    return count;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

const queueNames = topology.queues.map(({ name }) => name);
const parkingQueues = queueNames.filter((name) => /\.(invalid|dead-letter)$/.test(name));

/** Waits for `reached`. Returns whether it came in time. */
async function within(ms: number, reached: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  while (!(await reached())) {
    if (performance.now() > end) return false;
    await pause(LOOK_INTERVAL_MS);
  }
  return true;
}

/** Ends what was parked in a run that found nothing parked before it. */
async function clearParkingQueues(amqp: string): Promise<void> {
  const connection = await connect(amqp, { timeout: 10_000 });
  connection.on('error', () => undefined); // the call that it broke fails as well
  const channel = await connection.createChannel();
  for (const name of parkingQueues) await channel.purgeQueue(name);
  await connection.close();
}

/** Opens the product of the good orders. Returns its id. */
async function stockGoodProduct(addresses: FuzzAddresses): Promise<string> {
  const product = `fuzz-good-${String(Date.now())}`;
  const put = await fetch(`${addresses.inventory}/inventory/${product}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ quantity_available: GOOD_STOCK, price: '1.00' }),
  });
  if (put.status !== 201) throw new Error(`inventory-service answers ${String(put.status)} to a new product`);
  return product;
}

/** Resident memory of a service, in MiB. */
const mib = ({ residentBytes }: Vitals) => Math.round(residentBytes / MIB);

/** Resident memory of each service, after the warm-up and at the end, in MiB. */
const memoryOf = (warm: Readonly<Record<ShortName, Vitals>>, last: Readonly<Record<ShortName, Vitals>>) =>
  ({
    order: [mib(warm.order), mib(last.order)],
    inventory: [mib(warm.inventory), mib(last.inventory)],
    payment: [mib(warm.payment), mib(last.payment)],
    notification: [mib(warm.notification), mib(last.notification)],
  }) as const;

/** Fuzzes a running system. Leaves some products, customers and many orders behind, and no message. */
export async function fuzz(addresses: FuzzAddresses, options: FuzzOptions): Promise<FuzzResult> {
  const began = performance.now();
  const operations = await readOperations(addresses);
  const parkedBefore = await countMessages(addresses.amqp, parkingQueues);
  const product = await stockGoodProduct(addresses);
  const first = await allVitals(addresses);
  let warm = first;
  const ended = new AbortController();
  const good = placeGoodOrders(addresses, product, ended.signal);
  const warmAfter = Math.floor(options.requests * WARM_UP_SHARE);
  const progress = { answered: 0, sent: 0 };
  const tell = () => options.onProgress?.(`${String(progress.answered)} requests, ${String(progress.sent)} messages`);
  const { amqp } = addresses;
  const [http, messages] = await Promise.all([
    fuzzHttp({
      ...options,
      urls: addresses,
      operations,
      onProgress: (answered) => {
        progress.answered = answered;
        if (answered === warmAfter)
          void allVitals(addresses).then(
            (vitals) => (warm = vitals),
            () => undefined,
          );
        tell();
      },
    }),
    fuzzMessages({
      ...options,
      amqp,
      onProgress: (sent) => {
        progress.sent = sent;
        tell();
      },
    }),
  ]).finally(() => {
    ended.abort();
  });
  const orders = await good;
  const faults = orders.filter((each) => !each.startsWith('CONFIRMED')).map((each) => `a good order: ${each}`);
  options.onProgress?.('waiting for every message to be parked');
  const poison = parkedBefore + messages.poison;
  await within(PARKED_WITHIN_MS, async () => (await countMessages(amqp, parkingQueues)) >= poison);
  options.onProgress?.('checking the seven invariants');
  const verdict = await verify(addresses, { poison });
  const small = async () => {
    const now = await allVitals(addresses);
    return shortNames.every((name) => now[name].residentBytes - warm[name].residentBytes < GROWTH_MAX_BYTES);
  };
  options.onProgress?.('waiting for memory to be given back');
  const isFlat = await within(REST_WITHIN_MS, small);
  const last = await allVitals(addresses);
  for (const name of shortNames) {
    if (first[name].startedAt !== last[name].startedAt) faults.push(`${services[name].table.name} has died`);
  }
  const memory = memoryOf(warm, last);
  if (!isFlat) faults.push('memory has grown: see below');
  if (parkedBefore === 0) await clearParkingQueues(amqp);
  return { http, messages, goodOrders: orders.length, verdict, memory, faults, tookMs: performance.now() - began };
}
