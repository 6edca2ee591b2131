/** States as two 32-bit words: small enough to remember millions of them, and quick to tell apart. */
import { charges, type World } from './world';

/** A state in few bits. Equal codes are equal states, or states that cannot be told apart. */
export interface Encoding<State> {
  readonly first: (state: State) => number;
  readonly second: (state: State) => number;
  readonly decode: (first: number, second: number) => State;
}

/** Names by number. */
export interface Names {
  readonly numberOf: (name: string) => number;
  readonly nameOf: (number: number) => string;
}

/** Numbers of so many bits for names, in the order in which they turn up. */
export function numberNames(bits: number): Names {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  return {
    numberOf(name: string): number {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      if (names.length === 1 << bits) throw new Error(`more than ${String(names.length)} names, the last: ${name}`);
      numbers.set(name, names.length);
      return names.push(name) - 1;
    },
    nameOf(number: number): string {
      const name = names[number];
      if (name === undefined) throw new Error(`no name has the number ${String(number)}`);
      return name;
    },
  };
}

// First word:  order 8 | inventory 4 | payment 8 | charge 2 | refunded, inFlight, refundNudged, handedOver | loss 4.
// Second word: sent 12 | heard 14 | stock 4.
const LOSS_SHIFT = 26;
const HEARD_SHIFT = 12;
const STOCK_SHIFT = 26;

const has = (word: number, bit: number) => (word & (1 << bit)) !== 0;

/**
 * A code for worlds. It numbers the names of states as they turn up, so that codes of two encodings cannot be compared.
 */
export function encodeWorlds(): Encoding<World> {
  const orders = numberNames(8);
  const inventories = numberNames(4);
  const payments = numberNames(8);
  const stocks = numberNames(4);
  return {
    first: (world) =>
      orders.numberOf(world.order) |
      (inventories.numberOf(world.inventory) << 8) |
      (payments.numberOf(world.payment) << 12) |
      (charges.indexOf(world.charge) << 20) |
      (Number(world.refunded) << 22) |
      (Number(world.inFlight) << 23) |
      (Number(world.refundNudged) << 24) |
      (Number(world.handedOver) << 25) |
      (world.loss << LOSS_SHIFT),
    second: (world) => world.sent | (world.heard << HEARD_SHIFT) | (stocks.numberOf(world.stock) << STOCK_SHIFT),
    decode: (first, second) => ({
      order: orders.nameOf(first & 255),
      inventory: inventories.nameOf((first >>> 8) & 15),
      payment: payments.nameOf((first >>> 12) & 255),
      stock: stocks.nameOf((second >>> STOCK_SHIFT) & 15),
      charge: charges[(first >>> 20) & 3] ?? 'open',
      refunded: has(first, 22),
      inFlight: has(first, 23),
      refundNudged: has(first, 24),
      handedOver: has(first, 25),
      loss: (first >>> LOSS_SHIFT) & 31,
      sent: second & 0xfff,
      heard: (second >>> HEARD_SHIFT) & 0x3fff,
    }),
  };
}
