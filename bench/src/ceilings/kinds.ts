/** The ceilings: what each part of the machine can do when it does nothing else. */

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

/** What the ceilings' process is told. */
export interface CeilingJob {
  readonly name: CeilingName;
  readonly databaseUrl: string;
  readonly amqpUrl: string;
}

/** A load that can be kept up as long as wanted. */
export interface Load {
  /** Keeps the part busy until `stopped`, which is told how many units are done; answers how many there were. */
  readonly run: (stopped: (done: number) => boolean) => Promise<number>;
  /** Units after which sessions have planned their statements and code is compiled. */
  readonly warmUp: number;
  readonly close: () => Promise<void>;
}
