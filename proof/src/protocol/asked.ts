/**
 * Questions to the tables of the services, and their answers: what a service decides about one message in one state.
 * The tables of docs/protocol.md are made of nothing else.
 */

/** What may matter besides state and message, by feature and in words, in the order in which it is told. */
export type Facts = Readonly<Record<string, string>>;

/** One question, in words. */
export interface Question {
  /** The status, such as `PENDING`; `NONE` where there is nothing yet. */
  readonly state: string;
  /** The message as it is named in the table, and the answer that it brings: `ResolveAnswered: void`. */
  readonly message: string;
  readonly facts: Facts;
}

/** What a decision did: a new state, a note of what was heard, its outcome published once more, or nothing. */
export type Kind = 'changes' | 'notes' | 'repeats' | 'nothing';

/** A question and what was decided. */
export interface Asked extends Question {
  readonly kind: Kind;
  /** The status afterwards. */
  readonly next: string;
  /** What else the state remembered before, such as `stop wanted`. */
  readonly had: readonly string[];
  /** What it remembers afterwards. */
  readonly has: readonly string[];
  readonly publishes: readonly string[];
  readonly performs: readonly string[];
  readonly reminders: readonly { readonly type: string; readonly delayMs: number }[];
  readonly outcome: string;
}

/** What is read of a decision of any service. */
interface AnyDecision {
  readonly state: unknown;
  readonly outcome: string;
  readonly events: readonly { readonly type: string }[];
  readonly effects: readonly { readonly type: string }[];
  readonly delayed: readonly { readonly delayMs: number; readonly message: { readonly type: string } }[];
}

/** What an outcome begins with when a state keeps its status and remembers what it heard. */
const NOTED = 'noted';

/** What a decision on `before` did. A decision hands back the very same object when nothing changed. */
export function kindOf(before: unknown, { state, outcome, events, effects, delayed }: AnyDecision): Kind {
  const hasConsequences = events.length + effects.length + delayed.length > 0;
  if (state !== before) return outcome.startsWith(NOTED) && !hasConsequences ? 'notes' : 'changes';
  return hasConsequences ? 'repeats' : 'nothing';
}

/** The answer to a question. `marks`: what the state remembered before and after, where that is of interest. */
export function answered(
  question: Question,
  before: unknown,
  decision: AnyDecision,
  next: string,
  marks: { readonly had: readonly string[]; readonly has: readonly string[] } = { had: [], has: [] },
): Asked {
  return {
    ...question,
    ...marks,
    kind: kindOf(before, decision),
    next,
    publishes: decision.events.map(({ type }) => type),
    performs: decision.effects.map(({ type }) => type),
    reminders: decision.delayed.map(({ delayMs, message }) => ({ type: message.type, delayMs })),
    outcome: decision.outcome.replace(/attempt \d+/, 'attempt N'),
  };
}

/** Whether the state is older than the healing time, in words. */
export const ages = [
  { age: 'older than 30 s', stale: true },
  { age: 'younger than 30 s', stale: false },
] as const;
