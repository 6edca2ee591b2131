/** Visits every state that can be reached, breadth first, and judges each of them. */
import { createGraph } from './graph';
import type { Happening } from './happenings';
import { createIntList, type IntList } from './int-list';
import { brokenAtRest, brokenNow, outcomeOf } from './judge';
import { createNumbering } from './numbering';
import type { TransitionSystem } from './systems';
import type { World } from './world';

/** One step of a trace, and the worlds of all orders after it. */
export interface Moment {
  /** Which order it happened to. */
  readonly order: number;
  readonly happening: Happening;
  readonly worlds: readonly World[];
}

/** A way through the model. */
export interface Trace {
  readonly beginning: readonly World[];
  readonly moments: readonly Moment[];
}

/** A broken promise: what, in how many states, and the shortest way there. */
export interface Violation {
  readonly what: string;
  readonly states: number;
  readonly trace: Trace;
}

/** What an exploration found. */
export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** States at rest, by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The shortest trace first. */
  readonly violations: readonly Violation[];
}

/** How far to explore. */
export interface Limits {
  /** Ends with the first violation that is found, which is one with the shortest trace. */
  readonly firstViolation: boolean;
}

/** Explores a system: completely, unless it is limited. A broken state is not followed further. */
export function explore<State extends object>(
  system: TransitionSystem<State>,
  limits: Limits = { firstViolation: false },
): Exploration {
  const { encoding, stepsOf, worldsOf } = system;
  const numbering = createNumbering();
  const cameFrom = createIntList();
  const graph = createGraph();
  const findings = createFindings();
  let transitions = 0;

  const reach = (state: State, from: number) => {
    const number = numbering.numberOf(encoding.first(state), encoding.second(state));
    if (number === cameFrom.size()) cameFrom.push(from);
    return number;
  };
  /** Takes every step. Returns whether nothing must happen. */
  const rests = (state: State, number: number) => {
    let resting = true;
    for (const { kind, next } of stepsOf(state)) {
      transitions += 1;
      const reached = reach(next, number);
      if (reached === number) continue;
      graph.addStep(reached);
      if (kind === 'must') resting = false;
    }
    return resting;
  };
  const stateOf = (number: number) => encoding.decode(numbering.firstOf(number), numbering.secondOf(number));

  for (const state of system.beginnings) reach(state, NOWHERE);
  for (let number = 0; number < numbering.size(); number++) {
    const state = stateOf(number);
    const worlds = worldsOf(state);
    const broken = brokenNow(worlds);
    const ends = broken.length > 0 || rests(state, number);
    graph.close(ends);
    findings.accuse(broken, number);
    if (ends && broken.length === 0) {
      findings.end(outcomeOf(worlds));
      findings.accuse(brokenAtRest(worlds), number);
    }
    if (limits.firstViolation && findings.first() !== undefined) break;
  }
  if (!limits.firstViolation || findings.first() === undefined) {
    const stuck = graph.firstOutOfReach();
    if (stuck !== undefined) findings.accuse(['rest is out of reach'], stuck);
  }
  const violations = findings.violations((number) => traceTo(system, pathTo(number, cameFrom).map(stateOf)));
  return { states: numbering.size(), transitions, outcomes: findings.outcomes, violations };
}

/** Where the beginnings came from. */
const NOWHERE = -1;

function createFindings() {
  const found = new Map<string, { readonly states: number; readonly first: number }>();
  const outcomes = new Map<string, number>();
  return {
    outcomes,
    end: (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
    accuse(wrongs: readonly string[], number: number) {
      for (const what of wrongs) {
        const { states = 0, first = number } = found.get(what) ?? {};
        found.set(what, { states: states + 1, first });
      }
    },
    first: () => found.values().next().value,
    violations: (trace: (number: number) => Trace): Violation[] =>
      [...found]
        .map(([what, { states, first }]) => ({ what, states, trace: trace(first) }))
        .sort((a, b) => a.trace.moments.length - b.trace.moments.length),
  };
}

function pathTo(number: number, cameFrom: IntList): number[] {
  const path = [];
  for (let at = number; at !== NOWHERE; at = cameFrom.at(at)) path.unshift(at);
  return path;
}

/**
 * The steps along a path, taken once more: what was remembered of a state is its code, which may stand for another one
 * that cannot be told apart from it, and which order is which must stay the same all along a trace.
 */
function traceTo<State extends object>(
  { encoding, stepsOf, worldsOf }: TransitionSystem<State>,
  path: readonly State[],
): Trace {
  const alike = (a: State, b: State) =>
    encoding.first(a) === encoding.first(b) && encoding.second(a) === encoding.second(b);
  const [beginning, ...rest] = path;
  if (beginning === undefined) return { beginning: [], moments: [] };
  const moments: Moment[] = [];
  let state = beginning;
  for (const waypoint of rest) {
    const step = stepsOf(state).find(({ next }) => alike(next, waypoint));
    if (!step) throw new Error('no step leads along the path that was found');
    state = step.next;
    moments.push({ order: step.order, happening: step.happening, worlds: worldsOf(state) });
  }
  return { beginning: worldsOf(beginning), moments };
}
