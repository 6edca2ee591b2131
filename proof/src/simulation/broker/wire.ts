/** The way between a client and the broker, and what both ends of it share. */
import type { Random } from '../engine/random';
import type { Owner, Scheduler } from '../engine/scheduler';
import type { Message, Queues, Routed } from './broker';

/** One way between client and broker, in milliseconds. */
export const LATENCY_MS = { least: 0.2, most: 1.2 } as const;

/** What happens to messages, for the history and the counters. */
export interface BrokerWitness {
  published(owner: Owner, message: Message, routed: Routed): void;
  delivered(owner: Owner, queue: string, message: Message, redelivered: boolean): void;
  acknowledged(queue: string, messages: readonly Message[]): void;
  /** Asked before each publish, ack and the like leaves the process: the process may die here. */
  leaving(owner: Owner, what: 'publish' | 'ack'): void;
}

/** What everything on a way needs. */
export interface Context {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly queues: Queues;
  readonly witness: BrokerWitness;
}

/** One direction of a connection: what goes in comes out in order, unless the connection is gone by then. */
export function createWire({ scheduler, random }: Context, owner: Owner, passes: () => boolean) {
  let waiting: (() => void)[] = [];
  let notBeforeMs = 0;
  return (arrive: () => void) => {
    waiting.push(arrive);
    if (waiting.length > 1) return;
    const atMs = Math.max(notBeforeMs, scheduler.now() + random.between(LATENCY_MS.least, LATENCY_MS.most));
    notBeforeMs = atMs;
    scheduler.after(atMs - scheduler.now(), owner, () => {
      const arrived = waiting;
      waiting = [];
      if (passes()) for (const each of arrived) each();
    });
  };
}

type Wire = ReturnType<typeof createWire>;

/** Both ways of one connection. */
export interface Line {
  readonly owner: Owner;
  readonly toBroker: Wire;
  readonly toClient: Wire;
  /** Holds publishes back while the connection is blocked. */
  readonly whenUnblocked: (run: () => void) => void;
}
