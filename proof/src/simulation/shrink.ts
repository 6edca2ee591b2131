/** Makes a failing scenario smaller for as long as it fails: fewer orders, fewer kinds of faults, fewer faults. */
import type { Scenario } from './faults/fault-plan';

/** Whether a scenario fails. */
export type Fails = (scenario: Scenario) => Promise<boolean>;

/** How much trying is worth it. */
export interface ShrinkLimits {
  /** Runs at most. */
  readonly runs: number;
}

/** What shrinking came to. */
export interface Shrunk {
  readonly scenario: Scenario;
  readonly runs: number;
}

/** Tries to leave out one part after the other, large ones first. Returns what cannot be left out. */
async function without<Item>(
  items: readonly Item[],
  stillFails: (items: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let kept = items;
  for (let size = Math.ceil(items.length); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await stillFails(fewer)) kept = fewer;
      else start += size;
    }
  }
  return kept;
}

/** Shrinks a scenario that fails. Every try is a whole run of another history: it fails, or it does not count. */
export async function shrink(failing: Scenario, fails: Fails, { runs: limit }: ShrinkLimits): Promise<Shrunk> {
  let smallest = failing;
  let runs = 0;
  const attempt = async (changes: Partial<Scenario>): Promise<boolean> => {
    if (runs >= limit) return false;
    runs += 1;
    const candidate = { ...smallest, ...changes };
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  /** Halves the step whenever it is too long, down to `finest`. */
  const fewerOrders = async (finest: number) => {
    for (let step = Math.floor(smallest.orders / 2); step >= finest; step = Math.floor(step / 2)) {
      while (smallest.orders > step && runs < limit && (await attempt({ orders: smallest.orders - step })));
    }
  };
  await fewerOrders(Math.ceil(smallest.orders / 4));
  await without(smallest.noises, (noises) => attempt({ noises }));
  const kinds = [...new Set(smallest.faults.map(({ kind }) => kind))];
  await without(kinds, (some) => attempt({ faults: smallest.faults.filter(({ kind }) => some.includes(kind)) }));
  await without(smallest.faults, (faults) => attempt({ faults }));
  await fewerOrders(1);
  return { scenario: smallest, runs };
}
