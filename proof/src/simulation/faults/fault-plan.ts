/**
 * What goes wrong in a run, and when: drawn from the seed before the run, so that a failing run can be tried again with
 * less of it.
 */
import { shortNames, type ShortName } from '@quadrille/operator/src/services';
import { createRandom } from '../engine/random';

/** What happens now and then: each is a fault of the plan, at a time. */
export const faultKinds = [
  'crash before commit',
  'crash after commit',
  'crash while publishing',
  'crash before ack',
  'crash during gateway call',
  'crash at any moment',
  'commit fails',
  'commit lost before',
  'commit lost after',
  'statement lost',
  'database down',
  'database frozen',
  'broker down',
  'broker cuts connection',
  'broker connection silent',
  'broker closes channel',
  'broker cancels consumer',
  'broker blocks',
  'broker refuses publishes',
  'binding missing',
  'event unbound',
  'gateway down',
  'graceful stop',
  'unreadable message',
  'failing message',
  'deadly message',
] as const;

/** One of them. */
export type FaultKind = (typeof faultKinds)[number];

/** What may happen to any message or answer, with this probability each. */
export const noises = {
  'message repeated': 0.02,
  'message late': 0.02,
  'message lost': 0.004,
  'answer late': 0.01,
  'answer lost': 0.01,
  'request late': 0.01,
} as const;

/** One of them. */
export type Noise = keyof typeof noises;

/** One fault of a plan. */
export interface Fault {
  /** Its place in the plan: what a replay names it by. */
  readonly number: number;
  readonly kind: FaultKind;
  readonly service: ShortName;
  readonly atMs: number;
  /** For faults that wait for an opportunity: how many they let pass. */
  readonly skip: number;
  /** From 0 to below 1: how long it lasts, and what else it needs to know. */
  readonly draw: number;
}

/** A run: everything follows from it. */
export interface Scenario {
  readonly seed: number;
  readonly orders: number;
  /** The number of orders that the faults were drawn for. */
  readonly of: number;
  readonly faults: readonly Fault[];
  readonly noises: readonly Noise[];
}

/** How long things last, in milliseconds, at least and at most. */
const LASTS: Partial<Record<FaultKind, readonly [number, number]>> = {
  'database down': [50, 1_500],
  'database frozen': [50, 3_000],
  'broker down': [50, 1_500],
  'broker blocks': [50, 3_000],
  'binding missing': [20, 1_500],
  'event unbound': [200, 2_500],
  'gateway down': [100, 4_000],
  'graceful stop': [50, 1_500],
};

/** How long a fault lasts, in milliseconds: of a stop, how long its database is away meanwhile, if it is. */
export function durationOf({ kind, draw }: Fault): number {
  const [least, most] = LASTS[kind] ?? [0, 0];
  return least + draw * (most - least);
}

/** One fault of each kind for so many orders. */
const ORDERS_PER_FAULT = 600;

/** Opportunities that a fault lets pass at most. */
const SKIP_MAX = 40;

/** Between two waves of customers, in milliseconds: long enough for some of the faults to pass. */
const PAUSE_MS = { least: 500, most: 8_000 } as const;

/** Most faults strike within this time of an order, when there is something to break. */
const STRIKES_WITHIN_MS = 1_500;

/** When each order is placed: customers come in waves, as after a newsletter. */
export function arrivals(seed: number, orders: number): readonly number[] {
  const random = createRandom(`${String(seed)} arrivals`);
  const times: number[] = [];
  let atMs = 1_000;
  while (times.length < orders) {
    const wave = Math.min(orders - times.length, 40 + random.below(360));
    const lastsMs = random.between(2, 60);
    for (let index = 0; index < wave; index++) times.push(atMs + random.between(0, lastsMs));
    atMs += lastsMs + random.between(PAUSE_MS.least, PAUSE_MS.most);
  }
  return times;
}

const allNoises = Object.keys(noises) as readonly Noise[]; // typed string[]; the keys are exactly the noises

/** The scenario of a seed, with everything that may go wrong. */
export function createScenario(seed: number, orders: number): Scenario {
  const times = arrivals(seed, orders);
  const drawn = faultKinds.flatMap((kind) => {
    const random = createRandom(`${String(seed)} faults ${kind}`);
    return Array.from({ length: Math.ceil(orders / ORDERS_PER_FAULT) }, () => ({
      kind,
      service: kind === 'crash during gateway call' ? 'payment' : random.pick(shortNames),
      atMs: random.pick(times) + STRIKES_WITHIN_MS * random.next() ** 3,
      skip: random.below(SKIP_MAX),
      draw: random.next(),
    }));
  });
  return {
    seed,
    orders,
    of: orders,
    faults: drawn.map((fault, number) => ({ ...fault, number })),
    noises: allNoises,
  };
}
