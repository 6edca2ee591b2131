/**
 * Time and randomness of this process, replaced by the simulation's while it runs: timers, Date, performance.now,
 * Math.random and the random bytes that ids are made of. What the services import is not touched: they ask these
 * globals, as everywhere.
 */
import crypto from 'node:crypto';
import { childOf } from '@quadrille/service-chassis/src/telemetry/trace';
import { uuidv7 } from 'uuidv7';
import { createRandom, type Random } from './random';
import type { Scheduled, Scheduler } from './scheduler';

/** The virtual time 0 is this moment. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Before the epoch by more than the 10 s that the generator of UUIDs takes for a clock that was merely set. */
const BEFORE_EPOCH_MS = EPOCH_MS - 3_600_000;

/** More than the generators of ids draw at once. */
const DRAWS_MAX = 100_000;

/** A timer in the hands of the code that set it. */
interface Timer {
  event: Scheduled | undefined;
  unref(): Timer;
  ref(): Timer;
}

type Callback = (...parameters: unknown[]) => void;

function createTimers(scheduler: Scheduler) {
  const timer = (): Timer => {
    const created: Timer = { event: undefined, unref: () => created, ref: () => created };
    return created;
  };
  const clear = (cleared: Timer | undefined) => {
    if (cleared?.event) cleared.event.run = undefined;
  };
  const once = (callback: Callback, delayMs = 0, ...parameters: unknown[]) => {
    const set = timer();
    set.event = scheduler.after(Math.max(1, delayMs), scheduler.owner(), () => {
      callback(...parameters);
    });
    return set;
  };
  const repeat = (callback: Callback, delayMs = 0, ...parameters: unknown[]) => {
    const set = timer();
    const next = () => {
      set.event = scheduler.after(Math.max(1, delayMs), scheduler.owner(), () => {
        next();
        callback(...parameters);
      });
    };
    next();
    return set;
  };
  const immediate = (callback: Callback, ...parameters: unknown[]) => {
    const set = timer();
    set.event = scheduler.after(0, scheduler.owner(), () => {
      callback(...parameters);
    });
    return set;
  };
  return {
    setTimeout: once,
    setInterval: repeat,
    setImmediate: immediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

function createDate(nowMs: () => number): DateConstructor {
  const RealDate = Date;
  // A Date without arguments is the virtual now; everything else is the real class's.
  class VirtualDate extends RealDate {
    constructor(...given: readonly unknown[]) {
      // The real constructor has overloads that a spread cannot choose from.
      super(...((given.length === 0 ? [nowMs()] : given) as [number]));
    }
    static override now(): number {
      return Math.floor(nowMs());
    }
  }
  return VirtualDate as unknown as DateConstructor; // called without new, it would throw; no code does so
}

/**
 * Two libraries keep random bytes in stock, so that what they had left from before would show in the history: they are
 * asked until they fetch new ones.
 */
function emptyStocks(drawn: () => number): void {
  const until = (draw: () => unknown) => {
    draw();
    const before = drawn();
    for (let draws = 0; drawn() === before; draws++) {
      if (draws > DRAWS_MAX) throw new Error('the random bytes of ids are not the simulation’s');
      draw();
    }
  };
  until(uuidv7);
  const parent = childOf(undefined);
  until(() => childOf(parent));
}

/** Replaces them. Returns what puts the real ones back. */
export function installGlobals(scheduler: Scheduler, random: Random): () => void {
  const real = {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    Date,
  };
  const realNow = performance.now.bind(performance);
  const realRandom = Math.random.bind(Math);
  const webCrypto = globalThis.crypto;
  const realGetRandomValues = webCrypto.getRandomValues.bind(webCrypto);
  const realRandomBytes = crypto.randomBytes.bind(crypto);
  let drawn = 0;
  let offsetMs = BEFORE_EPOCH_MS;

  // How much is fetched before the beginning depends on what was left; what is fetched then must not.
  let source = createRandom('stock');
  const fill = (bytes: Uint8Array) => {
    drawn += 1;
    if (offsetMs === BEFORE_EPOCH_MS) source = createRandom('stock');
    for (let index = 0; index < bytes.length; index++) bytes[index] = source.below(256);
  };
  Object.assign(globalThis, createTimers(scheduler), { Date: createDate(() => offsetMs + scheduler.now()) });
  performance.now = () => scheduler.now();
  Math.random = random.next;
  Object.defineProperty(webCrypto, 'getRandomValues', {
    configurable: true,
    value: (array: ArrayBufferView) => {
      fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return array;
    },
  });
  Object.assign(crypto, {
    randomBytes: (size: number) => {
      const bytes = Buffer.alloc(size);
      fill(bytes);
      return bytes;
    },
  });
  emptyStocks(() => drawn);
  offsetMs = EPOCH_MS;
  source = random;

  return () => {
    Object.assign(globalThis, real);
    performance.now = realNow;
    Math.random = realRandom;
    Object.defineProperty(webCrypto, 'getRandomValues', { configurable: true, value: realGetRandomValues });
    Object.assign(crypto, { randomBytes: realRandomBytes });
  };
}
