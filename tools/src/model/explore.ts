/** Visits every world that can be reached, breadth first, and judges those at rest. */
import { isSettled, type Order } from '@quadrille/order-service/src/domain/order';
import { beginning, deliverySteps, keyOf, spontaneousSteps, type Rules, type World } from './world';

/** A broken promise: what, in how many worlds, and the shortest way there. */
export interface Violation {
  readonly what: string;
  readonly worlds: number;
  readonly trace: readonly string[];
}

/** What an exploration found. */
export interface Exploration {
  readonly worlds: number;
  readonly transitions: number;
  /** Worlds at rest, by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
}

interface Visit {
  readonly world: World;
  readonly from: number;
  readonly label: string;
}

const SOLD = ['CONFIRMED', 'COMPLETED'];

/** What is wrong with a world at any moment. */
const wrongNow = ({ handedOver, inventory }: World) =>
  handedOver && inventory === 'RELEASED' ? ['goods handed over are on sale again'] : [];

/** What is wrong with a world in which nothing more will happen by itself. */
function wrongAtRest(world: World): string[] {
  const [status = '', inventory, payment] = world.order.split(' ');
  // The name of an order is made of its status and its two facets.
  const facets = { status, inventory, payment } as Pick<Order, 'status' | 'inventory' | 'payment'>;
  const net = Number(world.charge === 'charged') - Number(world.refunded);
  const outcome = outcomeOf(world);
  const sold = SOLD.includes(status);
  const held = ['RESERVED', 'COMMITTED'].includes(world.inventory);
  return [
    ...(isSettled(facets) ? [] : [`not settled: ${outcome}`]),
    ...(sold && !(net === 1 && world.inventory === 'COMMITTED') ? [`sold, but ${outcome}`] : []),
    ...(!sold && net !== 0 ? [`money kept: ${outcome}`] : []),
    ...(!sold && status !== 'REFUNDED' && held ? [`stock leaked: ${outcome}`] : []),
  ];
}

function outcomeOf({ order, inventory, payment, charge, refunded }: World): string {
  const money = charge === 'charged' ? (refunded ? 'refunded' : 'kept') : 'none';
  return `${order.split(' ')[0] ?? ''} | ${inventory} | ${payment.split(' ')[0] ?? ''} | money ${money}`;
}

/** Explores everything that the rules allow. Takes memory for each world; the lossy one has some hundred thousand. */
export function explore(rules: Rules): Exploration {
  const visits: Visit[] = [{ world: beginning, from: -1, label: '' }];
  const known = new Map<string, number>([[keyOf(beginning), 0]]);
  const reverse: number[][] = [[]];
  const resting: number[] = [];
  const found = new Map<string, { worlds: number; first: number }>();
  const outcomes = new Map<string, number>();
  let transitions = 0;

  const accuse = (what: string, index: number) => {
    const before = found.get(what);
    found.set(what, { worlds: (before?.worlds ?? 0) + 1, first: before?.first ?? index });
  };
  const goTo = (from: number, label: string, world: World) => {
    transitions += 1;
    const key = keyOf(world);
    let index = known.get(key);
    if (index === undefined) {
      index = visits.push({ world, from, label }) - 1;
      known.set(key, index);
      reverse.push([]);
    }
    reverse[index]?.push(from);
    return index;
  };

  for (let index = 0; index < visits.length; index++) {
    const world = visits[index]?.world ?? beginning;
    const { steps, pending } = deliverySteps(rules, world);
    let moves = pending;
    for (const { label, next } of steps) goTo(index, label, next);
    for (const { kind, label, next } of spontaneousSteps(rules, world)) {
      if (goTo(index, label, next) !== index && kind === 'must') moves = true;
    }
    for (const what of wrongNow(world)) accuse(what, index);
    if (moves) continue;
    resting.push(index);
    const outcome = outcomeOf(world);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    for (const what of wrongAtRest(world)) accuse(what, index);
  }
  const stuck = firstOutOfReach(visits.length, resting, reverse);
  if (stuck) accuse('rest is out of reach', stuck);
  const trace = (index: number): string[] => {
    const labels: string[] = [];
    for (let visit = visits[index]; visit && visit.from >= 0; visit = visits[visit.from]) labels.unshift(visit.label);
    return labels;
  };
  const violations = [...found].map(([what, { worlds, first }]) => ({ what, worlds, trace: trace(first) }));
  return { worlds: visits.length, transitions, outcomes, violations };
}

/** The first world from which no world at rest can be reached, if any: a livelock. */
function firstOutOfReach(
  size: number,
  resting: readonly number[],
  reverse: readonly (readonly number[])[],
): number | undefined {
  const reaches = new Set(resting);
  const stack = [...resting];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    for (const before of reverse[index] ?? []) {
      if (reaches.has(before)) continue;
      reaches.add(before);
      stack.push(before);
    }
  }
  for (let index = 0; index < size; index++) if (!reaches.has(index)) return index;
  return undefined;
}
