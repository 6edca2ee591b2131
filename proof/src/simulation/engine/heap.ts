/** A binary heap: what comes first by `isBefore` is at hand, in any order of insertion. */

/** Items in the order of `isBefore`. */
export interface Heap<Item> {
  /** The first item, which stays; undefined when there is none. */
  first(): Item | undefined;
  readonly push: (item: Item) => void;
  /** Takes the first item out. */
  pop(): Item | undefined;
}

/** Creates an empty heap. */
export function createHeap<Item>(isBefore: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = [];
  // Only ever asked for an index within the heap.
  const at = (index: number): Item => items[index] as Item;
  return {
    first: () => items[0],
    push: (item) => {
      let index = items.length;
      items.push(item);
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(item, at(parent))) break;
        items[index] = at(parent);
        index = parent;
      }
      items[index] = item;
    },
    pop: () => {
      const first = items[0];
      const last = items.pop();
      if (last === undefined || items.length === 0) return first;
      let index = 0;
      for (;;) {
        let child = 2 * index + 1;
        if (child >= items.length) break;
        if (child + 1 < items.length && isBefore(at(child + 1), at(child))) child += 1;
        if (!isBefore(at(child), last)) break;
        items[index] = at(child);
        index = child;
      }
      items[index] = last;
      return first;
    },
  };
}
