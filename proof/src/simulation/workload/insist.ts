/** Requests that are repeated until they are answered, and how many customers are not done yet. */
import type { Handled } from '@quadrille/service-chassis';
import type { Random } from '../engine/random';
import { world, type Scheduler } from '../engine/scheduler';
import type { Answered } from './requests';

/** Requests that are sent at most for one wish. */
export const TRIES_MAX = 60;

/** A customer pauses between two requests, in milliseconds. */
const PAUSE_MS = { least: 200, most: 1_500 } as const;

/** A wish: what is asked, and what happens with the answer. */
export interface Wish<State> {
  readonly ask: (answered: Answered<State>) => void;
  readonly answered: (answer: Handled<State>) => void;
  /** Requests at most; TRIES_MAX unless it says otherwise. */
  readonly triesMax?: number;
}

/** What customers still wait for. */
export interface Waiting {
  /** Customers and operators that are not done yet. */
  readonly busy: () => number;
  /** Runs something later; its customer is busy until then. */
  readonly later: (ms: number, run: () => void) => void;
  /** Sends a request again and again until it is answered, or was sent often enough. */
  readonly insist: <State>(random: Random, wish: Wish<State>) => void;
}

/**
 * Nothing is waited for yet. `unanswered` is called with the last error of a wish that was sent TRIES_MAX times in
 * vain.
 */
export function createWaiting(scheduler: Scheduler, unanswered: (message: string) => void): Waiting {
  let busy = 0;
  const later = (ms: number, run: () => void) => {
    busy += 1;
    scheduler.after(ms, world, () => {
      busy -= 1;
      run();
    });
  };
  const insist = <State>(random: Random, wish: Wish<State>, tries = 1) => {
    busy += 1;
    wish.ask((answer) => {
      busy -= 1;
      if (!(answer instanceof Error)) wish.answered(answer);
      else if (tries < (wish.triesMax ?? TRIES_MAX))
        later(random.between(PAUSE_MS.least, PAUSE_MS.most), () => {
          insist(random, wish, tries + 1);
        });
      else if (tries === TRIES_MAX) unanswered(answer.message);
    });
  };
  return { busy: () => busy, later, insist };
}
