/**
 * When the sweeper looks at a state again: decided with the state, as data; null where nothing is awaited. The store
 * turns it into a moment by the database's clock (`dueInMs` in database/due-times.ts).
 */
export type Wake =
  /** So long after this decision, in milliseconds. */
  | { readonly kind: 'after'; readonly ms: number }
  /**
   * At the next nudge: after the healing time, doubled so many times. The longest pause between nudges bounds it, or
   * `maxMs` milliseconds where the state has a limit of its own.
   */
  | { readonly kind: 'nudge'; readonly doublings: number; readonly maxMs?: number }
  /** At the next nudge, or at the deadline of the state when that is earlier. */
  | { readonly kind: 'nudge-or-deadline'; readonly doublings: number }
  /** When it was due before this batch. */
  | { readonly kind: 'kept' };
