/**
 * One supervised connection to the broker, with one channel on it.
 *
 *     connecting -> open -> lost -> (pause) -> connecting ...        until stop()
 *
 * There is one loop, and so one timer: anything that goes wrong (refused, reset, a missed heartbeat, a graceful
 * shutdown of the broker in the middle of opening the channel) ends the current session, and the loop begins the next
 * one after a pause with full jitter. A channel that the broker closes is rebuilt on the same connection. Every channel
 * has an epoch; what belongs to an older one (acks, confirms) is worthless and must be dropped by its owner.
 */
import type { Channel } from 'amqplib';
import { reasonOf } from '../telemetry/error-reason';
import { backoffMs, pause } from '../timing/backoff';
import { withTimeout } from '../timing/timeout';
import { runConnection } from './connection-session';
import { CLOSE_TIMEOUT_MS, RECONNECT, type LinkOptions, type LinkState, type LinkStatus } from './link-options';

/** A peer silent for two of these intervals is dead. */
const HEARTBEAT_S = 10;

/** A supervised connection. */
export interface Link {
  state(): LinkState;
  /**
   * Closes and does not come back. What the channel was told to send is sent before. Bounded by three times
   * CLOSE_TIMEOUT_MS.
   */
  stop(): Promise<void>;
}

/** Starts a link; returns at once and keeps it open until stop(). */
export function superviseLink<C extends Channel>(options: LinkOptions<C>): Link {
  const { log, connectionName } = options;
  const stopping = new AbortController();
  const status: LinkStatus = {
    open: false,
    blocked: undefined,
    lastError: undefined,
    epoch: 0,
    failures: 0,
    closeChannel: undefined,
    closeConnection: undefined,
  };
  const urls = options.url.split(',');
  let tried = 0;
  /** The node after the one that was lost, or did not answer. */
  const nextUrl = () => urls[tried++ % urls.length] ?? options.url;

  const supervise = async () => {
    while (!stopping.signal.aborted) {
      try {
        await runConnection(options, status, nextUrl(), stopping.signal);
      } catch (error) {
        status.lastError = reasonOf(error);
        log.warn(
          { connection: connectionName, reason: status.lastError, failures: status.failures },
          'no connection to the broker',
        );
      }
      await pause(backoffMs(status.failures++, RECONNECT), stopping.signal);
    }
  };
  const supervised = supervise();

  return {
    state: () => ({
      open: status.open && !stopping.signal.aborted,
      blocked: status.blocked,
      lastError: status.lastError,
    }),
    stop: async () => {
      stopping.abort();
      // The goodbye of a connection may overtake what its channel wrote last; that of the channel itself comes after
      // its acks.
      await status.closeChannel?.().catch(() => undefined);
      await status.closeConnection?.().catch(() => undefined);
      await withTimeout(supervised, CLOSE_TIMEOUT_MS, () => undefined);
    },
  };
}

/**
 * The URLs in `urls`, separated by commas, with the heartbeat that every connection of this product uses, unless they
 * name one.
 */
export function withHeartbeat(urls: string): string {
  const each = urls.split(',').map((url) => {
    const parsed = new URL(url);
    if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
    return parsed.toString();
  });
  return each.join(',');
}
