/** The steps between numbered states, kept to find out whether rest stays within reach. */
import { createIntList } from './int-list';

/** States are closed in the order of their numbers, each after all of its steps. */
export interface Graph {
  readonly addStep: (to: number) => void;
  readonly close: (rests: boolean) => void;
  /** The first state from which no state at rest can be reached, if any: a livelock. */
  readonly firstOutOfReach: () => number | undefined;
}

/** An empty graph. */
export function createGraph(): Graph {
  const targets = createIntList();
  const ends = createIntList();
  const resting = createIntList();
  return {
    addStep: targets.push,
    close(rests) {
      if (rests) resting.push(ends.size());
      ends.push(targets.size());
    },
    firstOutOfReach() {
      const size = ends.size();
      const { sources, starts } = reverse(size, targets.values(), ends.values());
      const reaches = new Uint8Array(size);
      const stack = createIntList();
      const add = (state: number) => {
        if (reaches[state] === 1) return;
        reaches[state] = 1;
        stack.push(state);
      };
      resting.values().forEach(add);
      while (stack.size() > 0) {
        const state = stack.pop();
        for (let index = starts[state] ?? 0; index < (starts[state + 1] ?? 0); index++) add(sources[index] ?? 0);
      }
      const stuck = reaches.indexOf(0);
      return stuck < 0 ? undefined : stuck;
    },
  };
}

/** For every state the states that lead to it: `sources` from `starts[state]` to `starts[state + 1]`. */
function reverse(size: number, targets: Int32Array, ends: Int32Array) {
  const starts = new Int32Array(size + 2);
  // Counted one place further on, so that filling moves each start to where it belongs.
  for (const target of targets) starts[target + 2] = (starts[target + 2] ?? 0) + 1;
  for (let state = 2; state < starts.length; state++) starts[state] = (starts[state] ?? 0) + (starts[state - 1] ?? 0);
  const sources = new Int32Array(targets.length);
  let from = 0;
  targets.forEach((target, index) => {
    while (index >= (ends[from] ?? 0)) from += 1;
    const place = starts[target + 1] ?? 0;
    sources[place] = from;
    starts[target + 1] = place + 1;
  });
  return { sources, starts };
}
