/** A list of 32-bit numbers that grows: millions of them without an object each. */
export interface IntList {
  readonly size: () => number;
  readonly at: (index: number) => number;
  readonly push: (value: number) => void;
  /** Takes the last one away; 0 when there is none. */
  readonly pop: () => number;
  /** All of them, in place. */
  readonly values: () => Int32Array;
}

const FIRST_CAPACITY = 1 << 12;

/** An empty list. */
export function createIntList(): IntList {
  let values = new Int32Array(FIRST_CAPACITY);
  let size = 0;
  return {
    size: () => size,
    at: (index) => values[index] ?? 0,
    push(value) {
      if (size === values.length) {
        const longer = new Int32Array(size * 2);
        longer.set(values);
        values = longer;
      }
      values[size] = value;
      size += 1;
    },
    pop() {
      if (size === 0) return 0;
      size -= 1;
      return values[size] ?? 0;
    },
    values: () => values.subarray(0, size),
  };
}
