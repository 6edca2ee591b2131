/** How often every nasty situation occurred: a simulation that never gets into trouble proves nothing. */

/** The situations that a run must have met, each a sentence of what happened. */
export const situations = [
  'a charge landed after its order was cancelled',
  'a late order found its tombstone',
  'the relay published what its writer had not',
  'a COMMIT happened and nobody heard of it',
  'a COMMIT was lost with its connection',
  'a COMMIT was refused',
  'a statement was lost with its connection',
  'a message came again after its decision was committed',
  'a message came a second time as if it were new',
  'a message came late',
  'a message was lost for ever',
  'a nudge got an order going again',
  'an outcome was announced again',
  'a message was returned as unroutable',
  'a publish was refused',
  'the broker blocked publishes',
  'the broker cut a connection',
  'a connection to the broker fell silent',
  'the broker closed a channel',
  'the broker cancelled a consumer',
  'the broker was down',
  'a binding was missing',
  'nobody was bound to an event',
  'the database was down',
  'the database was frozen',
  'a process died before a COMMIT',
  'a process died after a COMMIT',
  'a process died while publishing',
  'a process died before an acknowledgement',
  'a process died while the gateway was asked',
  'a process died at any moment',
  'a process was asked to stop',
  'a message could not be read',
  'a message failed every time',
  'a message took its process down every time',
  'the gateway was down',
  "the gateway's answer was lost",
  "the gateway's answer came late",
  'a request to the gateway landed late',
  "a charge's lease ran out",
  'a stop was wanted while the gateway was asked',
  'an unknown charge was resolved as charged',
  'an unknown charge was voided',
  'a refund was paid',
  'an operator refunded',
  'a transaction waited for a lock',
  'a deadline passed',
  'stock ran out',
  'a customer cancelled',
  'a cancellation met an order that was over',
  'an order was handed over',
  'a repeated request found its order',
] as const;

/** One of them. */
export type Situation = (typeof situations)[number];

/** Counts of situations. */
export interface Coverage {
  readonly count: (situation: Situation, times?: number) => void;
  readonly of: (situation: Situation) => number;
}

/** Nothing has occurred yet. */
export function createCoverage(): Coverage {
  const counts = new Map<Situation, number>();
  return {
    count: (situation, times = 1) => {
      counts.set(situation, (counts.get(situation) ?? 0) + times);
    },
    of: (situation) => counts.get(situation) ?? 0,
  };
}
