/**
 * The names of what stands in the broker, said once. Each service has a topic exchange for its events (`order.events`,
 * see shared-events), a direct exchange for itself (`<service>.control`: timers and parked messages), one or two queues
 * that it consumes, a queue for each of its delays (`<service>.retry.2s`), and two parking queues for a person to look
 * at: `<service>.invalid` and `<service>.dead-letter`.
 */
import type { EventType } from '@quadrille/shared-events';

/** Where a message is parked: one that cannot be read is `invalid`, one that cannot be handled a `dead-letter`. */
export type ParkingQueue = 'invalid' | 'dead-letter';

/** The control exchange of a service: its timers, dead letters and unreadable messages. */
export const controlExchange = (service: string): string => `${service}.control`;

/** A queue of a service, by the routing key that leads to it from the control exchange. */
export const controlQueue = (service: string, routingKey: string): string => `${service}.${routingKey}`;

const MS_PER_S = 1_000;

/** The routing key, and the end of the queue's name, of a delay: `retry.2s`. */
export const delayRoutingKey = (delayMs: number): string => `retry.${String(delayMs / MS_PER_S)}s`;

/** The routing key of a message that comes back from a delay queue. */
export const RETRY_ROUTING_KEY = 'retry';

/** What the names of the consumed queues follow from. */
export interface QueueOwner {
  readonly name: string;
  readonly lowPriority: readonly EventType[];
  readonly delaysMs: readonly number[];
}

/** The queues that a service consumes: its own, and a second one where there is something that others may overtake. */
export function queuesOf({ name, lowPriority, delaysMs }: QueueOwner): readonly string[] {
  return lowPriority.length + delaysMs.length > 0 ? [name, `${name}.low-priority`] : [name];
}
