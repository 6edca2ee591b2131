/** The table of a service: what it hears, what it decides about it, what it publishes. Data, and read as such. */
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import type { Decision } from './decision';

/** A table; every service has one in its `service.ts`. */
export interface ServiceTable<State, Heard extends EventType, Own extends { readonly type: string }, Effect = never> {
  readonly name: string;
  /** The events of other services, each with its decision: what the service's queues are bound to. */
  readonly hears: {
    readonly [Type in Heard]: (state: State, event: DomainEvent<Type>) => Decision<State, Effect, Own>;
  };
  /** What reaches it besides: commands, timers, answers of effects. */
  readonly inputs: {
    readonly [Type in Own['type']]: (state: State, input: Extract<Own, { type: Type }>) => Decision<State, Effect, Own>;
  };
  /**
   * The events of `hears` whose outcome nobody waits for: they may linger a moment in the consumer, so that several
   * share a transaction. An event that is not named here is handled at once, and takes those before it along.
   */
  readonly lingers: readonly Heard[] | 'all';
  /**
   * The events of `hears` that others may overtake: they have a queue of their own, `<service>.low-priority`, and so
   * have the messages that come back from a delay. However many of them there are, what customers wait for goes on
   * beside them.
   */
  readonly lowPriority: readonly Heard[];
  readonly publishes: readonly EventType[];
  /** The delays of its messages to itself, in milliseconds: one delay queue each. */
  readonly delaysMs: readonly number[];
}

/** The decision function that a table describes. Throws for a type that is not in it: nothing else may be handed in. */
export function decideBy<State, Heard extends EventType, Own extends { readonly type: string }, Effect>(
  table: ServiceTable<State, Heard, Own, Effect>,
): (state: State, message: DomainEvent<Heard> | Own) => Decision<State, Effect, Own> {
  // A row's function takes exactly the message of the row's name; TypeScript cannot correlate the two through a lookup.
  const rows = { ...table.hears, ...table.inputs } as unknown as Record<
    string,
    ((state: State, message: DomainEvent<Heard> | Own) => Decision<State, Effect, Own>) | undefined
  >;
  return (state, message) => {
    const row = rows[message.type];
    if (!row) throw new Error(`${table.name} decides nothing about ${message.type}`);
    return row(state, message);
  };
}
