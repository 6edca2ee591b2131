/** What the model explores: one order, or two that contend for the last unit of a product. */
import { encodeWorlds, numberNames, type Encoding } from './encoding';
import { createNumbering } from './numbering';
import { stepsOf, type Step } from './steps';
import { beginning, type Rules, type World } from './world';

/** States, and the steps between them. */
export interface TransitionSystem<State> {
  readonly beginnings: readonly State[];
  readonly encoding: Encoding<State>;
  readonly stepsOf: (state: State) => readonly Step<State>[];
  /** The worlds of all orders in it; they share one stock. */
  readonly worldsOf: (state: State) => readonly World[];
}

/** One order, which finds one unit on sale, or none. */
export const oneOrder = (rules: Rules): TransitionSystem<World> => ({
  beginnings: [beginning(1), beginning(0)],
  encoding: encodeWorlds(),
  stepsOf: (world) => stepsOf(rules, world),
  worldsOf: (world) => [world],
});

/** Two orders, each by the number of its world without the stock, and the stock that both meet. */
interface Contention {
  readonly orders: readonly [number, number];
  readonly stock: string;
}

/** Bits for the number of an order's world. */
const WORLD_BITS = 26;

/**
 * Two orders for one unit. They have nothing in common but inventory-service's stock: messages, payments and the bank's
 * books are kept by order id. A step of the two is therefore a step of one of them on the shared stock, and each
 * order's steps are found once for every world and stock, not once for every world of the other order.
 *
 * Symmetry: the orders differ in nothing but their id, and nothing that is decided or judged depends on an id.
 * Exchanging the two turns every history into a history and every verdict into the same verdict, so that of two states
 * that are each other's mirror image one is explored: the code of a state names the lower number first. Nothing else is
 * left out; all interleavings are explored, without partial-order reduction.
 */
export function twoOrders(rules: Rules): TransitionSystem<Contention> {
  const { first, second } = encodeWorlds();
  const numbering = createNumbering();
  const stocks = numberNames(32 - WORLD_BITS - 1);
  const worlds: World[] = [];
  const numberOf = (world: World) => {
    const alone = { ...world, stock: '' };
    const number = numbering.numberOf(first(alone), second(alone));
    worlds[number] ??= alone;
    return number;
  };
  const met = new Map<string, World[]>();
  const worldOf = (number: number, stock: string): World => {
    const alone = worlds[number];
    if (!alone) throw new Error(`no world has the number ${String(number)}`);
    const known = met.get(stock) ?? [];
    met.set(stock, known);
    return (known[number] ??= { ...alone, stock });
  };
  interface OwnStep extends Pick<Step<World>, 'kind' | 'happening'> {
    readonly number: number;
    readonly stock: string;
  }
  const known = new Map<string, (readonly OwnStep[])[]>();
  const ownSteps = (number: number, stock: string): readonly OwnStep[] => {
    const ofStock = known.get(stock) ?? [];
    known.set(stock, ofStock);
    return (ofStock[number] ??= stepsOf(rules, worldOf(number, stock)).map(({ kind, happening, next }) => ({
      kind,
      happening,
      number: numberOf(next),
      stock: next.stock,
    })));
  };
  const start = beginning(1);
  const startNumber = numberOf(start);
  return {
    beginnings: [{ orders: [startNumber, startNumber], stock: start.stock }],
    encoding: {
      first: ({ orders: [a, b], stock }) => Math.min(a, b) | (stocks.numberOf(stock) << WORLD_BITS),
      second: ({ orders: [a, b] }) => Math.max(a, b),
      decode: (word, high) => ({
        orders: [word & ((1 << WORLD_BITS) - 1), high],
        stock: stocks.nameOf(word >>> WORLD_BITS),
      }),
    },
    stepsOf({ orders: [a, b], stock }) {
      const steps: Step<Contention>[] = [];
      for (const own of ownSteps(a, stock))
        steps.push({
          kind: own.kind,
          happening: own.happening,
          order: 0,
          next: { orders: [own.number, b], stock: own.stock },
        });
      for (const own of ownSteps(b, stock))
        steps.push({
          kind: own.kind,
          happening: own.happening,
          order: 1,
          next: { orders: [a, own.number], stock: own.stock },
        });
      return steps;
    },
    worldsOf: ({ orders: [a, b], stock }) => [worldOf(a, stock), worldOf(b, stock)],
  };
}
