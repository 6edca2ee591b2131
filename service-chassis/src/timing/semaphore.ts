/** A semaphore: at most so many at once; the others wait, first come first served. */

/** Waits until there is room, and resolves with what gives it back; to be called exactly once. */
export type Semaphore = () => Promise<() => void>;

/** Creates a semaphore with room for `max` at once. */
export function createSemaphore(max: number): Semaphore {
  let free = max;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}
