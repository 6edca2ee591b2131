/**
 * The language in which decisions are specified. A sentence gives a state, says what the service hears (an event) or
 * receives (a command, a timer, an answer from outside), and names everything that follows:
 *
 *     given(order({ status: 'PENDING' }))
 *       .hears(paymentProcessed())
 *       .then({ status: 'CONFIRMED', publishes: [orderConfirmed()], outcome: 'confirmed' });
 *
 * What is not named must not follow: every other field of the state stays as it was, and no other event is published,
 * no other effect performed, no other message scheduled. A sentence is no promise, in spite of its `then`.
 */
import { isDeepStrictEqual } from 'node:util';
import { decideBy, type DelayedMessage, type ServiceTable } from '@quadrille/service-chassis';
import type { DomainEvent, EventType, NewEvent } from '@quadrille/shared-events';

/** What follows from a message, besides the state. */
interface Rest<Effect, Own> {
  /** The words of logs and metrics, to the letter. */
  readonly outcome: string;
  /** The events, with their data and in their order; their envelopes are not compared. */
  readonly publishes?: readonly NewEvent[];
  /** What is done outside, after the commit. */
  readonly performs?: readonly Effect[];
  /** What the service is reminded of, and after how many milliseconds. */
  readonly schedules?: readonly DelayedMessage<Own>[];
}

/** The fields in which two states differ, with their later values. */
const changesBetween = (before: object, after: object) => {
  const [old, next] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const changed = [...new Set([...old.keys(), ...next.keys()])].filter(
    (field) => !isDeepStrictEqual(old.get(field), next.get(field)),
  );
  return Object.fromEntries(changed.map((field): [string, unknown] => [field, next.get(field)]));
};

/** The failure of a sentence: what it is about, the differences as jest shows them, and the test as its place. */
function notAsSpecified(sentence: string, found: unknown, placeBelow: (consequence: never) => void): Error {
  const differences = found instanceof Error ? found.message : String(found);
  const failure = new Error(`${sentence}: specified is what is marked -, decided what is marked +\n\n${differences}`);
  Error.captureStackTrace(failure, placeBelow);
  return failure;
}

/**
 * Returns the `given` that begins the sentences about a service; messages go through the service's own table.
 * `fieldsOf` returns the fields that sentences name, where they are not those of the state itself. Every test of the
 * calling file fails when it expects nothing, such as a sentence without its `then`.
 */
export function specify<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect = never,
  Fields extends object = Extract<State, object>,
>(
  table: ServiceTable<State, Heard, Own, Effect>,
  // Where `fieldsOf` is left out, Fields can only be its default: the fields of the state.
  fieldsOf: (state: State) => Partial<Fields> = (state) => ({ ...state }) as unknown as Partial<Fields>,
) {
  const decide = decideBy(table);
  beforeEach(() => {
    expect.hasAssertions();
  });

  const sentence = (state: State, verb: string, message: DomainEvent<Heard> | Own) => {
    const before = fieldsOf(state);
    const decision = decide(state, message);
    const decided = {
      outcome: decision.outcome,
      changes: changesBetween(before, fieldsOf(decision.state)),
      // The store writes no state that is the very same object as before.
      savesState: decision.state !== state,
      publishes: decision.events,
      performs: decision.effects,
      schedules: decision.delayed,
    };
    const compare = (consequences: Rest<Effect, Own>, placeBelow: (consequence: never) => void) => {
      const { outcome, publishes = [], performs = [], schedules = [], ...named } = consequences;
      const changes = changesBetween(before, { ...before, ...named });
      const savesState = Object.keys(changes).length > 0;
      const events = publishes.map(({ type, data }) => ({ type, data }));
      try {
        expect(decided).toStrictEqual({ outcome, changes, savesState, publishes: events, performs, schedules });
      } catch (found) {
        throw notAsSpecified(`${table.name} ${verb} ${message.type}`, found, placeBelow);
      }
    };
    /** This follows, with these fields of the state, and nothing else; throws with the differences otherwise. */
    const then = (consequences: Partial<Fields> & Rest<Effect, Own>) => {
      compare(consequences, then);
    };
    /** Nothing follows but the words of the outcome, and the state is the very same object; throws as `then` does. */
    const thenNothing = (outcome: string) => {
      compare({ outcome }, thenNothing);
    };
    return { then, thenNothing };
  };
  return (state: State) => ({
    hears: (event: DomainEvent<Heard>) => sentence(state, 'hears', event),
    receives: (input: Own) => sentence(state, 'receives', input),
  });
}
