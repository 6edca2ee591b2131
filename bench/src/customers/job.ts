import type { Kind } from './orders';

/** A job of the customers' process. */
export interface Job {
  /** The URLs of the order-services; each gets the same share of the connections. */
  readonly orderUrls: readonly string[];
  readonly kind: Kind;
  readonly orders: number;
  readonly connections: number;
  /** Orders a second, independent of the responses; undefined: each next order follows a response. */
  readonly perSecond?: number;
  /** Requests wait until the order is no longer PENDING, and their latency is measured. */
  readonly wait?: true;
  /** How many orders at the beginning have no latency in the figures: connections are opened, code is compiled. */
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

/** The result of a job. Times are milliseconds of the machine's clock. */
export interface JobResult {
  readonly startedAt: number;
  readonly postedAt: number;
  readonly orderIds: readonly string[];
  /** When each was meant to be sent, in the order of `orderIds`. */
  readonly dueAt: readonly number[];
  /** Latency of good orders that were CONFIRMED in the response; undefined when requests did not wait. */
  readonly latency: Latency | undefined;
  /** Orders refused with 503, at a rate beyond what the system can do. */
  readonly refused: number;
  /** Good orders with any other response. */
  readonly notConfirmed: number;
}
