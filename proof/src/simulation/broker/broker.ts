/**
 * A broker in memory, at the level of what the services use: exchanges and queues of the real topology, publisher
 * confirms, returns of what nobody is bound to, prefetch, acknowledgements up to a delivery, redelivery of what was not
 * acknowledged, and queues that hold a message for a while and then dead-letter it.
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

/** Whoever takes messages from a queue. */
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

/** Creates the queues of a topology, all empty. */
export function createQueues(options: {
  readonly topology: Topology;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: BrokerFaults;
}): Queues {
  const { topology, scheduler, random, faults } = options;
  const queues = queuesOf(topology);
  const routes = new Map<string, Queue[]>();
  for (const { exchange, queue, routingKey } of topology.bindings) {
    const route = `${exchange} ${routingKey}`;
    const found = queues.get(queue);
    if (found) routes.set(route, [...(routes.get(route) ?? []), found]);
  }
  let underWay = 0;

  const named = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new Error(`there is no queue ${name}`);
    return queue;
  };

  const pump = (queue: Queue) => {
    if (queue.pumping || queue.ready.length === 0 || !queue.subscribers.some(({ room }) => room() > 0)) return;
    queue.pumping = true;
    scheduler.after(random.between(DELIVERY_MS.least, DELIVERY_MS.most), world, () => {
      queue.pumping = false;
      // Turn and turn about, so that replicas share the work.
      for (const subscriber of [...queue.subscribers]) {
        const messages = queue.ready.splice(0, Math.min(subscriber.room(), DELIVERED_AT_ONCE));
        if (messages.length === 0) continue;
        queue.unacknowledged += messages.length;
        const index = queue.subscribers.indexOf(subscriber);
        if (index >= 0) queue.subscribers.push(...queue.subscribers.splice(index, 1));
        subscriber.deliver(messages);
      }
      pump(queue);
    });
  };

  const hold = (queue: Queue, holdMs: number, entry: Queued) => {
    scheduler.after(holdMs, world, () => {
      const index = queue.ready.indexOf(entry);
      if (index < 0) return;
      queue.ready.splice(index, 1);
      const { deadLetter } = queue;
      if (deadLetter) route({ ...entry.message, ...deadLetter });
    });
  };

  const enqueue = (queue: Queue, message: Message) => {
    const entry = { message, deliveries: 0 };
    queue.ready.push(entry);
    if (queue.holdMs === undefined) pump(queue);
    else hold(queue, queue.holdMs, entry);
  };

  /** Answers whether any queue is bound. */
  const route = (message: Message): boolean => {
    const { exchange, routingKey } = message;
    let found = false;
    for (const queue of routes.get(`${exchange} ${routingKey}`) ?? []) {
      if (!faults.isBound(queue.name, exchange, routingKey)) continue;
      found = true;
      const carriage = faults.carry(queue.name, message);
      if (!carriage) enqueue(queue, message);
      for (const arrivalMs of carriage?.arrivals ?? []) {
        underWay += 1;
        scheduler.after(arrivalMs, world, () => {
          underWay -= 1;
          enqueue(queue, message);
        });
      }
    }
    return found;
  };

  return {
    publish: (message) => {
      if (faults.refuses(message)) return 'refused';
      return route(message) ? 'confirmed' : 'returned';
    },
    plant: (name, message) => {
      enqueue(named(name), message);
    },
    subscribe: (name, subscriber) => {
      const queue = named(name);
      queue.subscribers.push(subscriber);
      pump(queue);
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
      pump(named(name));
    },
    acknowledge: (name, count) => {
      const queue = named(name);
      queue.unacknowledged -= count;
      pump(queue);
    },
    giveBack: (name, messages) => {
      const queue = named(name);
      queue.unacknowledged -= messages.length;
      const kept = messages.filter((entry) => {
        entry.deliveries += 1;
        if (entry.deliveries <= queue.deliveryLimit) return true;
        if (queue.deadLetter) route({ ...entry.message, ...queue.deadLetter });
        return false;
      });
      queue.ready.unshift(...kept);
      pump(queue);
    },
    facts: () =>
      [...queues.values()].map(({ name, ready, unacknowledged }) => ({ name, ready: ready.length, unacknowledged })),
    underWay: () => underWay,
  };
}
