/** Numbers for pairs of 32-bit words, in the order in which they turn up: a hash table in typed arrays. */
import { createIntList } from './int-list';

/** Gives each pair the next number when it is new. */
export interface Numbering {
  readonly size: () => number;
  readonly numberOf: (first: number, second: number) => number;
  readonly firstOf: (number: number) => number;
  readonly secondOf: (number: number) => number;
}

const FIRST_CAPACITY = 1 << 12;

const hash = (first: number, second: number) => {
  const mixed = Math.imul(first ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
};

/** An empty numbering. */
export function createNumbering(): Numbering {
  const firsts = createIntList();
  const seconds = createIntList();
  // Open addressing; a slot holds a number plus one, zero is free. At most half of the slots are taken.
  let slots = new Int32Array(FIRST_CAPACITY);
  const slotOf = (first: number, second: number) => {
    const mask = slots.length - 1;
    let slot = hash(first, second) & mask;
    for (;;) {
      const number = (slots[slot] ?? 0) - 1;
      if (number < 0 || (firsts.at(number) === first && seconds.at(number) === second)) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const grow = () => {
    slots = new Int32Array(slots.length * 2);
    for (let number = 0; number < firsts.size(); number++)
      slots[slotOf(firsts.at(number), seconds.at(number))] = number + 1;
  };
  return {
    size: firsts.size,
    firstOf: firsts.at,
    secondOf: seconds.at,
    numberOf(first, second) {
      const slot = slotOf(first, second);
      const known = slots[slot] ?? 0;
      if (known > 0) return known - 1;
      firsts.push(first);
      seconds.push(second);
      slots[slot] = firsts.size();
      if (firsts.size() * 2 > slots.length) grow();
      return firsts.size() - 1;
    },
  };
}
