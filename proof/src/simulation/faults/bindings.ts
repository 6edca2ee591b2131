/** Bindings that are missing for a while: one of a queue, or all of an event. */
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import { services, topology, type ShortName } from '@quadrille/operator/src/services';
import type { Random } from '../engine/random';
import { world, type Scheduler } from '../engine/scheduler';

/** The bindings of a run. */
export interface Bindings {
  /** One of a service's queues, drawn at random, is not bound to one of its events. */
  readonly loseOne: (service: ShortName, forMs: number) => void;
  /** No queue is bound to some event. */
  readonly loseEvent: (forMs: number) => void;
  readonly isBound: (queue: string, routingKey: string) => boolean;
}

/** What may find no queue bound to it: the events that every order causes, and the first delay queue's key. */
const EVENTS_AND_TIMERS = [
  'OrderCreated',
  'InventoryReserved',
  'PaymentProcessed',
  'OrderConfirmed',
  'retry.1s',
] as const;

/** All are there. */
export function createBindings(scheduler: Scheduler, random: Random): Bindings {
  /** How often each is missing, by queue and key, or by key alone: faults overlap. */
  const missing = new Map<string, number>();
  const lose = (binding: string, forMs: number) => {
    missing.set(binding, (missing.get(binding) ?? 0) + 1);
    scheduler.after(forMs, world, () => {
      missing.set(binding, (missing.get(binding) ?? 0) - 1);
    });
  };
  const isThere = (binding: string) => (missing.get(binding) ?? 0) === 0;
  return {
    loseOne: (service, forMs) => {
      const queues = queuesOf(services[service].table);
      const { queue, routingKey } = random.pick(topology.bindings.filter((binding) => queues.includes(binding.queue)));
      lose(`${queue} ${routingKey}`, forMs);
    },
    loseEvent: (forMs) => {
      lose(random.pick(EVENTS_AND_TIMERS), forMs);
    },
    isBound: (queue, routingKey) => isThere(`${queue} ${routingKey}`) && isThere(routingKey),
  };
}
