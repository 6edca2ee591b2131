/**
 * Moments of a row as distances from now(), in milliseconds. A batch loads and saves in one transaction, in which now()
 * stands still: a distance that is loaded and saved again is the same moment, whatever the clocks of the processes say.
 */
import type { Wake } from '../contract/wake';

/** Longest pause between two nudges of the same state, in milliseconds: longer than most outages are repaired in. */
export const NUDGE_PAUSE_MAX_MS = 600_000;

/** Doublings beyond which a pause no longer grows, so that no exponent overflows: 2^20 is twelve days of seconds. */
const DOUBLINGS_MAX = 20;

/** What a state's Wake is measured by, in milliseconds. */
export interface DueSettings {
  /** The pause before the first nudge. */
  readonly healingAfterMs: number;
  /** When the row was due before this batch, from now; null when it was not, or there was no row. */
  readonly keptInMs: number | null;
  /** The deadline of the state, from now; Infinity where states have none. */
  readonly deadlineInMs?: number;
}

/** Resolves a Wake: in how many milliseconds from now the row is due (0 or less: at once), or null for not at all. */
export function dueInMs(wake: Wake | null, settings: DueSettings): number | null {
  if (wake === null) return null;
  const { healingAfterMs, keptInMs, deadlineInMs = Number.POSITIVE_INFINITY } = settings;
  const pauseMs = (doublings: number, maxMs: number) =>
    Math.min(maxMs, healingAfterMs * 2 ** Math.min(doublings, DOUBLINGS_MAX));
  switch (wake.kind) {
    case 'after':
      return wake.ms;
    case 'nudge':
      return pauseMs(wake.doublings, wake.maxMs ?? NUDGE_PAUSE_MAX_MS);
    case 'nudge-or-deadline':
      return Math.min(pauseMs(wake.doublings, NUDGE_PAUSE_MAX_MS), deadlineInMs);
    case 'kept':
      return keptInMs;
  }
}

/** The moment of a column, as a distance from now: negative in the past. A number, since pg would parse a timestamp. */
export const msFromNow = (column: string): string => `(extract(epoch FROM ${column} - now()) * 1000)::float8`;

/** The moment that is so many milliseconds from now; null stays null. */
export const momentInMs = (column: string): string => `now() + make_interval(secs => ${column} / 1000.0)`;

/** What a loaded row says of its times, by columns of these names. */
export interface RowTimes {
  /** When it is due, from now; null when it waits for nothing. */
  readonly dueInMs: number | null;
  /** When it moved last, from now: zero or negative. */
  readonly movedInMs: number;
}

/** The columns of RowTimes in a SELECT. */
export const ROW_TIMES = `${msFromNow('due_at')} AS "dueInMs", ${msFromNow('updated_at')} AS "movedInMs"`;

/** Whether the moment has come. */
export const isPast = (inMs: number | null): boolean => inMs !== null && inMs <= 0;

/** Whether a row has not moved for longer than the healing time: repeated triggers are answered again. */
export const isStale = ({ movedInMs }: RowTimes, healingAfterMs: number): boolean => movedInMs <= -healingAfterMs;
