/** The ceilings: the rate of each part of the machine when nothing else runs. */

/** Each ceiling by name: what one unit of it is. */
export const ceilings = {
  postgres_rows: 'sagas, four transactions each, row by row',
  postgres_batches: 'sagas, the same writes a hundred at a time',
  queue_each: 'messages, a confirm and an ack each',
  queue_batches: 'messages, confirms and acks in hundreds',
} as const;

/** A ceiling. */
export type CeilingName = keyof typeof ceilings;

/** All ceilings. */
// Object.keys forgets the key type; the keys are exactly those of `ceilings`.
export const ceilingNames = Object.keys(ceilings) as readonly CeilingName[];

/** A job of the ceilings' process. */
export interface CeilingJob {
  readonly name: CeilingName;
  readonly databaseUrl: string;
  readonly amqpUrl: string;
}

/** A load that can be kept up for any time. */
export interface Load {
  /**
   * Keeps the part busy until `stopped` returns true, which is called with the number of units done; resolves with
   * their number.
   */
  readonly run: (stopped: (done: number) => boolean) => Promise<number>;
  /** Units after which sessions have planned their statements and code is compiled. */
  readonly warmUp: number;
  readonly close: () => Promise<void>;
}
