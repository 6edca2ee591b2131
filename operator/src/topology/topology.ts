import {
  controlExchange,
  controlQueue,
  delayRoutingKey,
  queuesOf,
  RETRY_ROUTING_KEY,
  type ParkingQueue,
} from '@quadrille/service-chassis/src/contract/topology';
import { exchangeOf, type EventType } from '@quadrille/shared-events';

/** What the topology needs to know of a service; the `service` table of each package has it. */
export interface ServiceTable {
  /** For example `order-service`; its queue and its broker user are named alike, and a second queue after it. */
  name: string;
  /** Keys: the events it hears. */
  hears: Readonly<Partial<Record<EventType, unknown>>>;
  publishes: readonly EventType[];
  /** Those of `hears` that others may overtake. */
  lowPriority: readonly EventType[];
  /** One delay queue each, in milliseconds. */
  delaysMs: readonly number[];
}

/** A durable exchange. */
export interface Exchange {
  name: string;
  type: 'topic' | 'direct';
}

/** A durable quorum queue. */
export interface Queue {
  name: string;
  arguments: Readonly<Record<string, string | number>>;
}

/** Messages of `exchange` with `routingKey` go to `queue`. */
export interface Binding {
  exchange: string;
  queue: string;
  routingKey: string;
}

/** A broker user and what it may do in the virtual host, as regular expressions over names. */
export interface User {
  name: string;
  permissions: { configure: string; write: string; read: string };
}

/** Everything that is declared in the broker. */
export interface Topology {
  exchanges: readonly Exchange[];
  queues: readonly Queue[];
  bindings: readonly Binding[];
  users: readonly User[];
}

/**
 * How often a quorum queue delivers a message before it gives up. RabbitMQ 4 has 20 by default, which a service that is killed again and
 * again with hundreds of messages in flight would use up on innocent ones; business attempts are counted in the database.
 */
const DELIVERY_LIMIT = 1000;

/**
 * Looking at a parked message is a delivery that is given back, and RabbitMQ 4 drops a message after 20 of them unless told otherwise.
 * Nobody looks so often: the highest number that every version takes.
 */
const LOOKS_MAX = 2_147_483_647;

/** Where a service parks what it could not handle, and what it could not read. */
const parking: readonly ParkingQueue[] = ['dead-letter', 'invalid'];

/** Derives the whole topology from the services' tables. Pure; the order of the result follows the order of the services. */
export function deriveTopology(services: readonly ServiceTable[]): Topology {
  const parts = services.map(topologyOf);
  return {
    exchanges: parts.flatMap((part) => part.exchanges),
    queues: parts.flatMap((part) => part.queues),
    bindings: parts.flatMap((part) => part.bindings),
    users: parts.flatMap((part) => part.users),
  };
}

function topologyOf(service: ServiceTable): Topology {
  const { name } = service;
  const control = controlExchange(name);
  const published = [...new Set(service.publishes.map(exchangeOf))];
  const delays = service.delaysMs.map((ms) => ({ ms, key: delayRoutingKey(ms) }));
  // The keys of `hears` are event types by its type; Object.keys forgets that.
  const heard = Object.keys(service.hears) as EventType[];
  const patient = new Set(service.lowPriority);
  const queues = queuesOf(service);
  const [, lowPriorityQueue = name] = queues;
  return {
    exchanges: [
      ...published.map((exchange) => ({ name: exchange, type: 'topic' as const })),
      { name: control, type: 'direct' },
    ],
    queues: [
      ...queues.map((queue) => ({
        name: queue,
        arguments: {
          ...quorum(),
          ...deadLetter(control, 'dead-letter' satisfies ParkingQueue),
          'x-delivery-limit': DELIVERY_LIMIT,
        },
      })),
      ...parking.map((key) => ({
        name: controlQueue(name, key),
        arguments: { ...quorum(), 'x-delivery-limit': LOOKS_MAX },
      })),
      ...delays.map(({ ms, key }) => ({
        name: controlQueue(name, key),
        arguments: { ...quorum(), ...deadLetter(control, RETRY_ROUTING_KEY), 'x-message-ttl': ms },
      })),
    ],
    bindings: [
      ...heard.map((event) => ({
        exchange: exchangeOf(event),
        queue: patient.has(event) ? lowPriorityQueue : name,
        routingKey: event,
      })),
      ...[...parking, ...delays.map(({ key }) => key)].map((key) => ({
        exchange: control,
        queue: controlQueue(name, key),
        routingKey: key,
      })),
      ...(delays.length > 0 ? [{ exchange: control, queue: lowPriorityQueue, routingKey: RETRY_ROUTING_KEY }] : []),
    ],
    users: [{ name, permissions: { configure: '^$', write: exactly([...published, control]), read: exactly(queues) } }],
  };
}

function quorum(): Record<string, string> {
  return { 'x-queue-type': 'quorum' };
}

// At least once: a message leaves the queue only when the next one has it. That needs reject-publish instead of dropping the oldest.
function deadLetter(exchange: string, routingKey: string): Record<string, string> {
  return {
    'x-dead-letter-exchange': exchange,
    'x-dead-letter-routing-key': routingKey,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
}

function exactly(names: readonly string[]): string {
  const escaped = names.map((name) => name.replaceAll('.', '\\.')).join('|');
  return names.length === 1 ? `^${escaped}$` : `^(${escaped})$`;
}
