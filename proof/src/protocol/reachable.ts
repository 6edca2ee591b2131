/** What can be reached in the life of an order, by the names that the model gives it. */
import type { EventType } from '@quadrille/shared-events';
import { explore } from '../model/explore';
import { protocol } from '../model/mutants';
import { hears, type Participant } from '../model/saga';
import { oneOrder } from '../model/systems';

/** The states of one participant, in the order in which they are reached. */
export interface Reachable {
  readonly states: readonly string[];
  /** Whether this event can reach it in a state of this status. */
  readonly hears: (status: string, event: EventType) => boolean;
}

const statusOf = (name: string) => name.split(' ', 1)[0] ?? '';

/**
 * Explores one order in a world where messages are late and repeated in any order, and notes every state that a service
 * decides about or comes to, and every event that it hears there. The world in which messages vanish reaches no others.
 */
export function exploreReachable(): Readonly<Record<Participant, Reachable>> {
  const rules = protocol.reliable;
  const seen = { order: new Set<string>(), inventory: new Set<string>(), payment: new Set<string>() };
  const heard = { order: new Set<string>(), inventory: new Set<string>(), payment: new Set<string>() };
  explore(
    oneOrder({
      ...rules,
      decide: (participant, state, message, stock) => {
        const said = rules.decide(participant, state, message, stock);
        seen[participant].add(state).add(said.next);
        if (hears[participant].includes(message)) heard[participant].add(`${statusOf(state)} ${message}`);
        return said;
      },
    }),
  );
  const reachable = (participant: Participant): Reachable => ({
    states: [...seen[participant]],
    hears: (status, event) => heard[participant].has(`${status} ${event}`),
  });
  return { order: reachable('order'), inventory: reachable('inventory'), payment: reachable('payment') };
}
