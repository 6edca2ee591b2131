/**
 * Messages that no service can handle, put into its queue by a stranger: one that cannot be read, one that fails every
 * time, one that takes the process down every time. Each must end parked where it belongs, and nothing else may.
 */
import type { Input } from '@quadrille/service-chassis';
import { envelop, type EventData, type EventType } from '@quadrille/shared-events';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Queues } from '../broker/broker';
import type { Deliveries } from './deliveries';
import { EPOCH_MS } from '../engine/globals';
import type { Finding } from '../report';

/** What is wrong with a message. */
export type Poison = 'unreadable' | 'failing' | 'deadly';

/** The poison of a run. */
export interface PlantedPoison {
  /** Puts one into the queue of a service. */
  readonly plant: (service: ShortName, poison: Poison) => void;
  /** What a decision about this message comes to, if it is poison. */
  readonly effectOf: (input: Input<object>) => Poison | undefined;
  readonly findings: (deliveries: Deliveries) => readonly Finding[];
}

const PARKED_IN: Readonly<Record<Poison, string>> = {
  unreadable: 'invalid',
  failing: 'dead-letter',
  deadly: 'dead-letter',
};

const event = <Type extends EventType>(type: Type, data: Omit<EventData<Type>, 'orderId' | 'customerId'>) => ({
  type,
  about: (id: string, time: string) =>
    // Omit and the spread give back what was taken apart, which the compiler cannot see.
    envelop(type, { ...data, orderId: `order-${id}`, customerId: 'stranger' } as EventData<Type>, { id, time }),
});

/** An event that each service hears, about an unknown order. */
const HEARD = {
  order: event('InventoryReleased', { items: [] }),
  inventory: event('OrderConfirmed', { totalMinor: 100, currency: 'USD' }),
  payment: event('OrderCancelled', { reason: 'CUSTOMER_REQUEST' }),
  notification: event('OrderCompleted', {}),
};

/** Prepares poison for these queues. */
export function createPoison(queues: Queues, nowMs: () => number): PlantedPoison {
  const all = new Map<string, { readonly service: ShortName; readonly poison: Poison }>();
  return {
    plant: (service, poison) => {
      const id = `poison-${String(all.size + 1)}`;
      all.set(id, { service, poison });
      const { type, about } = HEARD[service];
      const text =
        poison === 'unreadable'
          ? '{"specversion":'
          : JSON.stringify(about(id, new Date(EPOCH_MS + nowMs()).toISOString()));
      queues.plant(services[service].table.name, {
        exchange: '',
        routingKey: type,
        content: Buffer.from(text),
        properties: { messageId: id, type },
      });
    },
    effectOf: ({ message }) =>
      'id' in message && typeof message.id === 'string' ? all.get(message.id)?.poison : undefined,
    findings: (deliveries) => {
      const findings: Finding[] = [];
      for (const [id, { service, poison }] of all) {
        const where = deliveries.parked(service).get(id);
        if (where !== PARKED_IN[poison])
          findings.push({
            rule: 'poison',
            subject: `${service} ${id}`,
            detail: `${poison}, parked in ${where ?? 'no queue'}`,
          });
      }
      for (const service of shortNames)
        for (const [id, where] of deliveries.parked(service))
          if (!all.has(id))
            findings.push({ rule: 'poison', subject: `${service} ${id}`, detail: `innocent, parked in ${where}` });
      return findings;
    },
  };
}
