/**
 * The one scheduler: everything that happens is an event at a virtual time, taken in the order of time and, at the same
 * time, of their making. After an event every microtask runs to its end, so that one event is one step of the history.
 *
 * Every event has an owner. The events of an owner that has died are dropped: a crashed process has no timers and hears
 * no answers. What an event starts belongs to the same owner.
 */
import { createHeap } from './heap';

/** What events happen to: one replica of a service, or the world, which never dies. */
export interface Owner {
  readonly name: string;
  alive: boolean;
}

/** An event that has not happened yet. */
export interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly owner: Owner;
  /** Undefined when it was called off. */
  run: (() => void) | undefined;
}

/** Virtual time and what will happen in it. */
export interface Scheduler {
  /** Milliseconds since the beginning, with fractions. */
  readonly now: () => number;
  /** The owner of the event that is happening. */
  owner(): Owner;
  /** Lets something happen to an owner after a while. */
  after(delayMs: number, owner: Owner, run: () => void): Scheduled;
  /** Runs something now, as an owner's. */
  as<Result>(owner: Owner, run: () => Result): Result;
  /** Steps that have been taken. */
  steps(): number;
  /** When the next event happens; undefined when there is none. */
  next(): number | undefined;
  /** Takes the next step. Returns whether there was one. */
  step(): boolean;
}

/** The network, the servers, the customers. */
export const world: Owner = { name: 'world', alive: true };

const isBefore = (a: Scheduled, b: Scheduled) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Creates a scheduler at time 0. */
export function createScheduler(): Scheduler {
  const heap = createHeap(isBefore);
  let nowMs = 0;
  let order = 0;
  let steps = 0;
  let current = world;
  return {
    now: () => nowMs,
    owner: () => current,
    after: (delayMs, owner, run) => {
      const event: Scheduled = { atMs: nowMs + Math.max(0, delayMs), order: order++, owner, run };
      if (owner.alive) heap.push(event);
      return event;
    },
    as: (owner, run) => {
      const before = current;
      current = owner;
      try {
        return run();
      } finally {
        current = before;
      }
    },
    steps: () => steps,
    next: () => heap.first()?.atMs,
    step: () => {
      for (;;) {
        const event = heap.pop();
        if (!event) return false;
        const { run, owner } = event;
        if (!run || !owner.alive) continue;
        nowMs = event.atMs;
        current = owner;
        steps += 1;
        event.run = undefined;
        run();
        return true;
      }
    },
  };
}

/** Steps between two looks of Node's own event loop at the outside: signals, output. */
const STEPS_AT_ONCE = 20_000;

/**
 * Takes steps until `done`, or until nothing is left to happen. Between two steps all microtasks run to their end: the
 * tick after a microtask comes when their queue is empty. Keeps the real timers that it was given before the globals
 * were replaced.
 */
export function drive(scheduler: Scheduler, done: () => boolean, breathe: (next: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = STEPS_AT_ONCE;
    const take = () => {
      try {
        if (done() || !scheduler.step()) {
          resolve();
          return;
        }
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      left -= 1;
      if (left === 0) {
        left = STEPS_AT_ONCE;
        breathe(take);
      } else queueMicrotask(nextTick);
    };
    const nextTick = () => {
      process.nextTick(take);
    };
    take();
  });
}
