/** What a link is told and what it knows: its options, its limits, and its state. */
import type { Channel, ChannelModel } from 'amqplib';
import type { Logger } from '../telemetry/log';

/**
 * Pauses between connection attempts: a broker that is back is found within seconds, and one that is away is asked once
 * in a while.
 */
export const RECONNECT = { firstMs: 100, maxMs: 3_000 };

/** Opening a connection or a channel that takes longer is given up. */
export const OPEN_TIMEOUT_MS = 10_000;

/** A polite goodbye that takes longer is left to the heartbeat. */
export const CLOSE_TIMEOUT_MS = 1_000;

/** What a link knows about itself, for readiness and metrics. */
export interface LinkState {
  readonly open: boolean;
  /** Why the broker refuses publishes (memory or disk alarm), if it does. */
  readonly blocked: string | undefined;
  /** The last reason for not being open. */
  readonly lastError: string | undefined;
}

/** A channel that is open, until its owner is told that it is closed. */
export interface OpenChannel<C extends Channel> {
  readonly channel: C;
  /** Grows with every channel of this link. */
  readonly epoch: number;
  /** Gives the channel up; the link opens another. */
  readonly abandon: (reason: string) => void;
  /** Opens a second channel on the same connection, for a question that the broker may answer by closing it. */
  readonly openAside: () => Promise<C>;
}

/** Opens a connection to a broker; amqplib's `connect` does so over TCP. */
export type Connect = (url: string, options: object) => Promise<ChannelModel>;

/** What a link does for its owner. */
export interface LinkOptions<C extends Channel> {
  /** One, or several of one cluster, separated by commas: tried in turn. */
  readonly url: string;
  /** How to connect; over TCP when nothing is said. */
  readonly connect?: Connect | undefined;
  /** Shown in the management UI. */
  readonly connectionName: string;
  readonly log: Logger;
  readonly createChannel: (connection: ChannelModel) => Promise<C>;
  /** Prepares a fresh channel (prefetch, consume). When it rejects, the channel is given up. */
  readonly onOpen: (open: OpenChannel<C>) => Promise<void> | void;
  /** The channel is gone; nothing sent on it will be answered any more. */
  readonly onClosed: (epoch: number) => void;
  readonly onBlocked?: (blocked: boolean) => void;
}

/** What a link keeps between its sessions, written by each of them. */
export interface LinkStatus {
  open: boolean;
  blocked: string | undefined;
  lastError: string | undefined;
  /** Grows with every channel. */
  epoch: number;
  /** Failures since a channel was a good one: the pauses grow with it. */
  failures: number;
  closeChannel: (() => Promise<void>) | undefined;
  closeConnection: (() => Promise<void>) | undefined;
}
