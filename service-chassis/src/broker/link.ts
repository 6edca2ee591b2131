/**
 * One supervised connection to the broker, with one channel on it.
 *
 *     connecting -> open -> lost -> (pause) -> connecting ...        until stop()
 *
 * There is one loop, and so one timer: whatever goes wrong (refused, reset, a missed heartbeat, a graceful shutdown of
 * the broker in the middle of opening the channel) ends the current session, and the loop begins the next one after a
 * pause with full jitter. A channel that the broker closes is rebuilt on the same connection. Every channel has an epoch;
 * what belongs to an older one (acks, confirms) is worthless and must be dropped by its owner.
 */
import { connect as connectOverTcp, type Channel, type ChannelModel } from 'amqplib';
import { atMost, backoffMs, pause } from '../timing/backoff';
import type { Logger } from '../telemetry/log';
import { reasonOf } from '../telemetry/error-reason';

/** Pauses between connection attempts: a broker that is back is found within seconds, and one that is away is asked once in a while. */
const RECONNECT = { firstMs: 100, maxMs: 3_000 };

/** A channel that lasted this long was a good one: the next pause is short again. Longer than the longest pause, so that no failure comes round faster. */
const HEALTHY_AFTER_MS = 10_000;

/** Opening a connection or a channel that takes longer is given up. */
const OPEN_TIMEOUT_MS = 10_000;

/** A polite goodbye that takes longer is left to the heartbeat. */
const CLOSE_TIMEOUT_MS = 1_000;

/** A peer silent for two of these intervals is dead. */
const HEARTBEAT_S = 10;

/** What a link knows about itself, for readiness and metrics. */
export interface LinkState {
  readonly open: boolean;
  /** Why the broker refuses publishes (memory or disk alarm), if it does. */
  readonly blocked: string | undefined;
  /** The last reason for not being open. */
  readonly lastError: string | undefined;
}

/** A channel that is open, until `closed` resolves. */
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

/** A supervised connection. */
export interface Link {
  state(): LinkState;
  /** Closes and does not come back. What the channel was told to send is sent before. Bounded by three times CLOSE_TIMEOUT_MS. */
  stop(): Promise<void>;
}

/** A promise that anybody may resolve with the reason why something ended. */
function ending(): { readonly ended: Promise<string>; readonly end: (reason: string) => void } {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

/** Rejects when `work` takes longer than `ms`, or when `ended` comes first. */
async function within<T>(work: Promise<T>, ms: number, ended: Promise<string>): Promise<T> {
  const timer = new AbortController();
  const late = pause(ms, timer.signal).then(() => `no answer within ${String(ms)} ms`);
  const failed = Promise.race([late, ended]).then((reason): never => {
    throw new Error(reason);
  });
  try {
    return await Promise.race([work, failed]);
  } finally {
    work.catch(() => undefined); // it may still fail after it was given up
    failed.catch(() => undefined);
    timer.abort();
  }
}

/** Starts a link; returns at once and keeps it open until stop(). */
export function superviseLink<C extends Channel>(options: LinkOptions<C>): Link {
  const { log, connectionName, connect = connectOverTcp } = options;
  const stopping = new AbortController();
  const state: { -readonly [Key in keyof LinkState]: LinkState[Key] } = {
    open: false,
    blocked: undefined,
    lastError: undefined,
  };
  let epoch = 0;
  let failures = 0;
  let closeChannel: (() => Promise<void>) | undefined;
  let closeConnection: (() => Promise<void>) | undefined;

  const urls = options.url.split(',');
  let tried = 0;
  /** The node after the one that was lost, or did not answer. */
  const nextUrl = () => urls[tried++ % urls.length] ?? options.url;

  const setBlocked = (reason: string | undefined) => {
    state.blocked = reason;
    options.onBlocked?.(reason !== undefined);
    if (reason === undefined) log.info({ connection: connectionName }, 'the broker accepts publishes again');
    else log.warn({ connection: connectionName, reason }, 'the broker refuses publishes; they wait in the outbox');
  };

  /** One channel, from its opening to its end. */
  const channelSession = async (connection: ChannelModel, lost: Promise<string>) => {
    const { ended, end } = ending();
    const channel = await within(options.createChannel(connection), OPEN_TIMEOUT_MS, lost);
    const current = ++epoch;
    let openedAtMs = Number.POSITIVE_INFINITY;
    channel.on('error', (error: Error) => {
      end(`channel: ${error.message}`);
    });
    channel.on('close', () => {
      end('channel closed');
    });
    channel.on('handler-error', (error: Error) => {
      log.error({ err: error, connection: connectionName }, 'a channel listener threw');
      // What it was told is lost to its owner, and must come again: a delivery that nobody handles would be acked with the next.
      end(`a channel listener threw: ${reasonOf(error)}`);
    });
    try {
      await within(
        Promise.resolve(
          options.onOpen({
            channel,
            epoch: current,
            abandon: end,
            openAside: () => options.createChannel(connection),
          }),
        ),
        OPEN_TIMEOUT_MS,
        Promise.race([ended, lost]),
      );
      state.open = true;
      openedAtMs = performance.now();
      closeChannel = () => within(channel.close(), CLOSE_TIMEOUT_MS, lost);
      log.info({ connection: connectionName, epoch: current }, 'connected to the broker');
      return await Promise.race([ended, lost]);
    } finally {
      state.open = false;
      if (performance.now() - openedAtMs >= HEALTHY_AFTER_MS) failures = 0;
      closeChannel = undefined;
      options.onClosed(current);
      channel.close().catch(() => undefined);
    }
  };

  /** One connection, from its opening to its end; channels are rebuilt on it while it lasts. */
  const connectionSession = async () => {
    const { ended: lost, end } = ending();
    const connection = await connect(nextUrl(), {
      noDelay: true,
      timeout: OPEN_TIMEOUT_MS,
      keepAlive: true,
      clientProperties: { connection_name: connectionName },
    });
    const life = { alive: true };
    connection.on('error', (error: Error) => {
      state.lastError = error.message;
    });
    connection.on('close', (error?: Error) => {
      life.alive = false;
      end(error?.message ?? 'connection closed');
    });
    connection.on('blocked', setBlocked);
    connection.on('unblocked', () => {
      setBlocked(undefined);
    });
    connection.on('handler-error', (error: Error) => {
      log.error({ err: error, connection: connectionName }, 'a connection listener threw');
    });
    closeConnection = () => within(connection.close(), CLOSE_TIMEOUT_MS, new Promise(() => undefined));
    try {
      while (life.alive && !stopping.signal.aborted) {
        const closed = await channelSession(connection, lost);
        // The loop's conditions are narrowed to what they were before the await.
        if (stopping.signal.aborted as boolean) return;
        // A connection that ends closes its channel first, which does not know why.
        const reason = (life.alive as boolean) ? closed : await lost;
        state.lastError = reason;
        log.warn({ connection: connectionName, reason }, 'channel lost');
        if (!(life.alive as boolean)) return; // whoever opens the next connection pauses
        await pause(backoffMs(failures++, RECONNECT), stopping.signal);
      }
    } finally {
      // Nothing is said of what the broker would accept: it is not there any more.
      if (state.blocked !== undefined) {
        state.blocked = undefined;
        options.onBlocked?.(false);
      }
      if (life.alive) await closeConnection().catch(() => undefined);
      closeConnection = undefined;
    }
  };

  const supervise = async () => {
    while (!stopping.signal.aborted) {
      try {
        await connectionSession();
      } catch (error) {
        state.lastError = reasonOf(error);
        log.warn({ connection: connectionName, reason: state.lastError, failures }, 'no connection to the broker');
      }
      await pause(backoffMs(failures++, RECONNECT), stopping.signal);
    }
  };
  const supervised = supervise();

  return {
    state: () => ({ ...state, open: state.open && !stopping.signal.aborted }),
    stop: async () => {
      stopping.abort();
      // The goodbye of a connection may overtake what its channel wrote last; that of the channel itself comes after its acks.
      await closeChannel?.().catch(() => undefined);
      await closeConnection?.().catch(() => undefined);
      await atMost(CLOSE_TIMEOUT_MS, supervised);
    },
  };
}

/** The URLs in `urls`, separated by commas, with the heartbeat that every connection of this product uses, unless they name one. */
export function withHeartbeat(urls: string): string {
  const each = urls.split(',').map((url) => {
    const parsed = new URL(url);
    if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
    return parsed.toString();
  });
  return each.join(',');
}
