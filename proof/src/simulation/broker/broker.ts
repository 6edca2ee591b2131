/**
 * A broker in memory, at the level of what the services use: exchanges and queues of the real topology, publisher
 * confirms, returns of what no queue is bound to, prefetch, acknowledgements up to a delivery, redelivery of what was
 * not acknowledged, and queues that hold a message for a while and then dead-letter it.
 */
import type { Random } from '../engine/random';
import { world, type Scheduler } from '../engine/scheduler';
import type { Topology } from '@quadrille/operator/src/topology/topology';

/** A message as it was published. */
export interface Message {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: Readonly<Record<string, unknown>> & { readonly messageId?: string };
}

/** A message in a queue. */
export interface Queued {
  readonly message: Message;
  /** How often it was delivered and came back. */
  deliveries: number;
}

/** What may become of one copy of a message on its way to a queue. */
export interface Carriage {
  /** Milliseconds after which each copy arrives; none when it is lost. */
  readonly arrivals: readonly number[];
}

/** What may go wrong with messages. */
export interface BrokerFaults {
  /** Asked for each queue that a message is routed to; undefined: it arrives at once. */
  carry(queue: string, message: Message): Carriage | undefined;
  /** Asked for each publish: whether the broker refuses it (basic.nack). */
  refuses(message: Message): boolean;
  /** Whether this binding is there. */
  isBound(queue: string, exchange: string, routingKey: string): boolean;
}

/** A consumer of a queue. */
export interface Subscriber {
  /** How many more it may be given now. */
  readonly room: () => number;
  readonly deliver: (messages: readonly Queued[]) => void;
}

interface Queue {
  readonly name: string;
  readonly ready: Queued[];
  readonly subscribers: Subscriber[];
  readonly holdMs: number | undefined;
  readonly deadLetter: { readonly exchange: string; readonly routingKey: string } | undefined;
  readonly deliveryLimit: number;
  unacknowledged: number;
  pumping: boolean;
}

/** How a publish ends. */
export type Routed = 'confirmed' | 'returned' | 'refused';

/** The queues of a broker. */
export interface Queues {
  publish(message: Message): Routed;
  /** Puts a message into a queue as a stranger does who may: nothing happens to it on the way. */
  plant(queue: string, message: Message): void;
  subscribe(queue: string, subscriber: Subscriber): void;
  unsubscribe(queue: string, subscriber: Subscriber): void;
  /** What a queue has, as a passive declaration is told. */
  check(queue: string): { readonly messageCount: number; readonly consumerCount: number };
  /** There may be room again. */
  pump(queue: string): void;
  acknowledge(queue: string, count: number): void;
  /** What was delivered and not acknowledged goes back to the head of its queue. */
  giveBack(queue: string, messages: readonly Queued[]): void;
  facts(): { readonly name: string; readonly ready: number; readonly unacknowledged: number }[];
  /** Messages on their way to a queue. */
  underWay(): number;
}

/** From the queue to the channel, in milliseconds. */
const DELIVERY_MS = { least: 0.2, most: 1.5 } as const;

/** What one segment carries to a channel at most. */
const DELIVERED_AT_ONCE = 200;

const textOf = (value: string | number | undefined) => (typeof value === 'string' ? value : undefined);
const numberOf = (value: string | number | undefined) => (typeof value === 'number' ? value : undefined);

function queuesOf({ queues }: Topology): Map<string, Queue> {
  return new Map(
    queues.map(({ name, arguments: given }) => {
      const exchange = textOf(given['x-dead-letter-exchange']);
      const routingKey = textOf(given['x-dead-letter-routing-key']);
      const queue: Queue = {
        name,
        ready: [],
        subscribers: [],
        holdMs: numberOf(given['x-message-ttl']),
        deadLetter: exchange === undefined || routingKey === undefined ? undefined : { exchange, routingKey },
        deliveryLimit: numberOf(given['x-delivery-limit']) ?? Number.POSITIVE_INFINITY,
        unacknowledged: 0,
        pumping: false,
      };
      return [name, queue];
    }),
  );
}

/** What the queues are created with. */
export interface QueuesOptions {
  readonly topology: Topology;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: BrokerFaults;
}

/** The queues, where each message goes, and how many messages are on their way. */
interface State extends QueuesOptions {
  readonly queues: ReadonlyMap<string, Queue>;
  /** The queues that are bound, by exchange and routing key. */
  readonly routes: ReadonlyMap<string, readonly Queue[]>;
  underWay: number;
}

/** Creates the queues of a topology, all empty. */
export function createQueues(options: QueuesOptions): Queues {
  const queues = queuesOf(options.topology);
  const state: State = { ...options, queues, routes: routesOf(options.topology, queues), underWay: 0 };
  const named = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new Error(`there is no queue ${name}`);
    return queue;
  };
  return {
    publish: (message) => {
      if (options.faults.refuses(message)) return 'refused';
      return route(state, message) ? 'confirmed' : 'returned';
    },
    plant: (name, message) => {
      enqueue(state, named(name), message);
    },
    subscribe: (name, subscriber) => {
      const queue = named(name);
      queue.subscribers.push(subscriber);
      pump(state, queue);
    },
    unsubscribe: (name, subscriber) => {
      const { subscribers } = named(name);
      const index = subscribers.indexOf(subscriber);
      if (index >= 0) subscribers.splice(index, 1);
    },
    check: (name) => {
      const { ready, subscribers } = named(name);
      return { messageCount: ready.length, consumerCount: subscribers.length };
    },
    pump: (name) => {
      pump(state, named(name));
    },
    acknowledge: (name, count) => {
      const queue = named(name);
      queue.unacknowledged -= count;
      pump(state, queue);
    },
    giveBack: (name, messages) => {
      giveBack(state, named(name), messages);
    },
    facts: () =>
      [...queues.values()].map(({ name, ready, unacknowledged }) => ({ name, ready: ready.length, unacknowledged })),
    underWay: () => state.underWay,
  };
}

function routesOf({ bindings }: Topology, queues: ReadonlyMap<string, Queue>): ReadonlyMap<string, readonly Queue[]> {
  const routes = new Map<string, Queue[]>();
  for (const { exchange, queue, routingKey } of bindings) {
    const key = `${exchange} ${routingKey}`;
    const found = queues.get(queue);
    if (found) routes.set(key, [...(routes.get(key) ?? []), found]);
  }
  return routes;
}

/** Delivers what is ready, a little later, as long as a subscriber has room. */
function pump(state: State, queue: Queue): void {
  const { scheduler, random } = state;
  if (queue.pumping || queue.ready.length === 0 || !queue.subscribers.some(({ room }) => room() > 0)) return;
  queue.pumping = true;
  scheduler.after(random.between(DELIVERY_MS.least, DELIVERY_MS.most), world, () => {
    queue.pumping = false;
    // In turn, so that replicas share the work.
    for (const subscriber of [...queue.subscribers]) {
      const messages = queue.ready.splice(0, Math.min(subscriber.room(), DELIVERED_AT_ONCE));
      if (messages.length === 0) continue;
      queue.unacknowledged += messages.length;
      const index = queue.subscribers.indexOf(subscriber);
      if (index >= 0) queue.subscribers.push(...queue.subscribers.splice(index, 1));
      subscriber.deliver(messages);
    }
    pump(state, queue);
  });
}

/** Brings a message to every queue that is bound. Returns whether any is. */
function route(state: State, message: Message): boolean {
  const { scheduler, faults, routes } = state;
  const { exchange, routingKey } = message;
  let found = false;
  for (const queue of routes.get(`${exchange} ${routingKey}`) ?? []) {
    if (!faults.isBound(queue.name, exchange, routingKey)) continue;
    found = true;
    const carriage = faults.carry(queue.name, message);
    if (!carriage) enqueue(state, queue, message);
    for (const arrivalMs of carriage?.arrivals ?? []) {
      state.underWay += 1;
      scheduler.after(arrivalMs, world, () => {
        state.underWay -= 1;
        enqueue(state, queue, message);
      });
    }
  }
  return found;
}

function enqueue(state: State, queue: Queue, message: Message): void {
  const entry = { message, deliveries: 0 };
  queue.ready.push(entry);
  if (queue.holdMs === undefined) pump(state, queue);
  else hold(state, queue, queue.holdMs, entry);
}

/** Dead-letters a message when its time in a delay queue is over. */
function hold(state: State, queue: Queue, holdMs: number, entry: Queued): void {
  state.scheduler.after(holdMs, world, () => {
    const index = queue.ready.indexOf(entry);
    if (index < 0) return;
    queue.ready.splice(index, 1);
    if (queue.deadLetter) route(state, { ...entry.message, ...queue.deadLetter });
  });
}

/** Puts messages back at the head of their queue, but dead-letters those that came back too often. */
function giveBack(state: State, queue: Queue, messages: readonly Queued[]): void {
  queue.unacknowledged -= messages.length;
  const kept = messages.filter((entry) => {
    entry.deliveries += 1;
    if (entry.deliveries <= queue.deliveryLimit) return true;
    if (queue.deadLetter) route(state, { ...entry.message, ...queue.deadLetter });
    return false;
  });
  queue.ready.unshift(...kept);
  pump(state, queue);
}
