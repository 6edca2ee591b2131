/**
 * The topology: the exchanges, queues, bindings and users in the broker, derived from the services' own tables. This
 * file is pure. declare.ts declares the topology through the management API (management.ts), and declare-amqp.ts over
 * AMQP where there is no such API.
 */
import {
  controlExchange,
  controlQueue,
  delayRoutingKey,
  queuesOf,
  RETRY_ROUTING_KEY,
  type ParkingQueue,
} from '@quadrille/service-chassis/src/contract/topology';
import { exchangeOf, type EventType } from '@quadrille/shared-events';

/** What the topology needs to know about a service; the `service` table of each package contains it. */
export interface ServiceMessaging {
  /**
   * For example `order-service`: also the name of its broker user and of its queue, and the beginning of its other
   * queues' names.
   */
  name: string;
  /** The keys are the events that the service hears. */
  hears: Readonly<Partial<Record<EventType, unknown>>>;
  publishes: readonly EventType[];
  /** The events in `hears` that others may overtake. */
  lowPriority: readonly EventType[];
  /** The delays of its timers, in milliseconds; there is a delay queue for each. */
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

/** A broker user and its permissions in the virtual host, as regular expressions over names. */
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
 * How often a quorum queue delivers a message before it dead-letters it. RabbitMQ 4's default of 20 would park innocent
 * messages of a service that is killed again and again with hundreds of messages unacknowledged. The database counts
 * the real attempts.
 */
const DELIVERY_LIMIT = 1000;

/**
 * The delivery limit of parking queues. Each time a parked message is listed, it is delivered and returned, and
 * RabbitMQ 4 drops a message after 20 of these by default. This is the highest number that every version accepts.
 */
const LOOKS_MAX = 2_147_483_647;

/** The queues for messages that a service could not handle, and for those that it could not read. */
const parking: readonly ParkingQueue[] = ['dead-letter', 'invalid'];

/**
 * Derives the whole topology from the services' tables. Pure; the order of the result follows the order of the
 * services.
 */
export function deriveTopology(services: readonly ServiceMessaging[]): Topology {
  const parts = services.map(topologyOf);
  return {
    exchanges: parts.flatMap((part) => part.exchanges),
    queues: parts.flatMap((part) => part.queues),
    bindings: parts.flatMap((part) => part.bindings),
    users: parts.flatMap((part) => part.users),
  };
}

function topologyOf(service: ServiceMessaging): Topology {
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

// At-least-once dead-lettering: a message leaves the queue only when the next queue has it. That needs reject-publish
// instead of dropping the oldest message.
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
