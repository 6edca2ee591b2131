/** Exclusive locks on advisory keys and on rows: who waits is served in the order of coming. */

/** A transaction that holds locks. */
export interface Holder {
  /** The lock it waits for, if any. */
  waitsFor: string | undefined;
  /** Told that it has got that lock. */
  readonly granted: () => void;
  readonly held: string[];
}

interface Lock {
  holder: Holder;
  readonly waiting: Holder[];
}

/** The locks of one database. */
export interface Locks {
  /** Takes a lock. Returns false when the holder has to wait; it is told when it has the lock. */
  acquire(holder: Holder, name: string): boolean;
  /** Takes it only when it is free. */
  tryAcquire(holder: Holder, name: string): boolean;
  /** Stops waiting. */
  giveUp(holder: Holder): void;
  /** Gives back all that it holds. */
  release(holder: Holder): void;
  /** Whether it waits for somebody who, in the end, waits for it. */
  isDeadlocked(holder: Holder): boolean;
}

/** Creates locks. */
export function createLocks(): Locks {
  const locks = new Map<string, Lock>();
  const tryAcquire = (holder: Holder, name: string) => {
    const lock = locks.get(name);
    if (lock) return lock.holder === holder;
    locks.set(name, { holder, waiting: [] });
    holder.held.push(name);
    return true;
  };
  const giveUp = (holder: Holder) => {
    if (holder.waitsFor === undefined) return;
    const waiting = locks.get(holder.waitsFor)?.waiting;
    waiting?.splice(waiting.indexOf(holder), 1);
    holder.waitsFor = undefined;
  };
  return {
    tryAcquire,
    acquire: (holder, name) => {
      if (tryAcquire(holder, name)) return true;
      locks.get(name)?.waiting.push(holder);
      holder.waitsFor = name;
      return false;
    },
    giveUp,
    release: (holder) => {
      giveUp(holder);
      const woken: Holder[] = [];
      for (const name of holder.held) {
        const lock = locks.get(name);
        const next = lock?.waiting.shift();
        if (!lock || !next) {
          locks.delete(name);
          continue;
        }
        lock.holder = next;
        next.held.push(name);
        next.waitsFor = undefined;
        woken.push(next);
      }
      holder.held.length = 0;
      for (const next of woken) next.granted();
    },
    isDeadlocked: (holder) => {
      let next: Holder | undefined = holder;
      const seen = new Set<Holder>();
      while (next?.waitsFor !== undefined && !seen.has(next)) {
        seen.add(next);
        next = locks.get(next.waitsFor)?.holder;
      }
      return next === holder && holder.waitsFor !== undefined;
    },
  };
}
