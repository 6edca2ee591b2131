import { envelop, type DomainEvent, type EventData, type EventType } from '@quadrille/shared-events';

/**
 * Returns a builder of events of one type, with the data of `usual` except for what a test changes. No decision depends
 * on the envelope: the id and the time are always the same.
 */
export const eventBuilder =
  <Type extends EventType>(type: Type, usual: EventData<Type>) =>
  (changes: Partial<EventData<Type>> = {}): DomainEvent<Type> =>
    envelop(type, { ...usual, ...changes }, { id: `id-${type}`, time: '2026-11-21T12:00:00.000Z' });
