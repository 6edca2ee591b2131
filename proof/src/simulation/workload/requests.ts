/**
 * Requests from outside to a process: they take a while, may find no process, and are never answered by one that dies
 * meanwhile.
 */
import type { Handled } from '@quadrille/service-chassis';
import type { Random } from '../engine/random';
import { world, type Owner, type Scheduler } from '../engine/scheduler';

/** How a request ended. */
export type Answered<State> = (answer: Handled<State> | Error) => void;

/** A process that can be asked. */
export interface Asked extends Owner {
  /** Requests that wait for an answer: each is told when the process has died. */
  readonly pending: Set<(error: Error) => void>;
}

/** Between a customer and a service, in milliseconds. */
const REQUEST_MS = { least: 0.2, most: 2 } as const;

const refused = () => new Error('connect ECONNREFUSED');

/** Asks a process; without one the request is refused. `command` returns undefined while it takes no requests yet. */
export function ask<State>(
  { scheduler, random }: { readonly scheduler: Scheduler; readonly random: Random },
  target: Asked | undefined,
  command: () => Promise<Handled<State>> | undefined,
  answered: Answered<State>,
): void {
  const latency = random.between(REQUEST_MS.least, REQUEST_MS.most);
  if (!target) {
    scheduler.after(latency, world, () => {
      answered(refused());
    });
    return;
  }
  const lost = (error: Error) => {
    answered(error);
  };
  // What a process that died in the middle of this step still says is not heard; the caller has been told by its death.
  const once = (answer: Handled<State> | Error) => {
    if (target.alive && target.pending.delete(lost)) answered(answer);
  };
  target.pending.add(lost);
  scheduler.after(latency, target, () => {
    const asked = command();
    if (!asked) {
      once(refused());
      return;
    }
    asked.then(once, (error: unknown) => {
      once(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
