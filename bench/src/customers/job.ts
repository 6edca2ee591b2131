import type { Kind } from './orders';

/** What the customers' process is told to do. */
export interface Job {
  /** The order-services, each given the same share of the connections. */
  readonly orderUrls: readonly string[];
  readonly kind: Kind;
  readonly orders: number;
  readonly connections: number;
  /** Orders a second, whatever the answers take; without it as fast as they are answered. */
  readonly perSecond?: number;
  /** Answers are wanted when the order is no longer PENDING, and their latency is measured. */
  readonly wait?: true;
  /** Orders at the beginning whose latency does not count: connections are opened, code is compiled. */
  readonly warmUp?: number;
}

/** Latency from the moment an order was meant to be sent, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What became of a job. Times are milliseconds of the machine's clock. */
export interface JobResult {
  readonly startedAt: number;
  readonly postedAt: number;
  readonly orderIds: readonly string[];
  /** When each was meant to be sent, in the order of `orderIds`. */
  readonly dueAt: readonly number[];
  /** Of good orders that were answered CONFIRMED; undefined when nobody waited. */
  readonly latency: Latency | undefined;
  /** Orders that were not taken (503): at a rate beyond what the system can do. */
  readonly refused: number;
  /** Good orders that were answered otherwise. */
  readonly notConfirmed: number;
}
