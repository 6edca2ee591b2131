/** One connection of a link, from its opening to its end; channels are rebuilt on it while it lasts. */
import { connect as connectOverTcp, type Channel, type ChannelModel } from 'amqplib';
import { backoffMs, pause } from '../timing/backoff';
import { runChannel } from './channel-session';
import { ending, within } from './ending';
import { CLOSE_TIMEOUT_MS, OPEN_TIMEOUT_MS, RECONNECT, type LinkOptions, type LinkStatus } from './link-options';

/**
 * Opens a connection to `url` and returns when it has ended, or the link stops. Rejects when there is no connection or
 * no channel to be had.
 */
export async function runConnection<C extends Channel>(
  options: LinkOptions<C>,
  status: LinkStatus,
  url: string,
  stopping: AbortSignal,
): Promise<void> {
  const { log, connectionName, connect = connectOverTcp } = options;
  const { ended: lost, end } = ending();
  const connection = await connect(url, {
    noDelay: true,
    timeout: OPEN_TIMEOUT_MS,
    keepAlive: true,
    clientProperties: { connection_name: connectionName },
  });
  const life = { alive: true };
  connection.on('close', (error?: Error) => {
    life.alive = false;
    end(error?.message ?? 'connection closed');
  });
  listen(connection, options, status);
  const close = () => within(connection.close(), CLOSE_TIMEOUT_MS, new Promise(() => undefined));
  status.closeConnection = close;
  try {
    while (life.alive && !stopping.aborted) {
      const closed = await runChannel(options, status, connection, lost);
      // The loop's conditions are narrowed to what they were before the await.
      if (stopping.aborted as boolean) return;
      // A connection that ends closes its channel first, which does not know why.
      const reason = (life.alive as boolean) ? closed : await lost;
      status.lastError = reason;
      log.warn({ connection: connectionName, reason }, 'channel lost');
      if (!(life.alive as boolean)) return; // the supervisor pauses before it opens the next connection
      await pause(backoffMs(status.failures++, RECONNECT), stopping);
    }
  } finally {
    // What the broker would accept is not known any more.
    if (status.blocked !== undefined) {
      status.blocked = undefined;
      options.onBlocked?.(false);
    }
    if (life.alive) await close().catch(() => undefined);
    status.closeConnection = undefined;
  }
}

/** Keeps the status up to date with what the broker says on the connection. */
function listen<C extends Channel>(connection: ChannelModel, options: LinkOptions<C>, status: LinkStatus): void {
  const { log, connectionName } = options;
  connection.on('error', (error: Error) => {
    status.lastError = error.message;
  });
  connection.on('blocked', (reason: string) => {
    status.blocked = reason;
    options.onBlocked?.(true);
    log.warn({ connection: connectionName, reason }, 'the broker refuses publishes; they wait in the outbox');
  });
  connection.on('unblocked', () => {
    status.blocked = undefined;
    options.onBlocked?.(false);
    log.info({ connection: connectionName }, 'the broker accepts publishes again');
  });
  connection.on('handler-error', (error: Error) => {
    log.error({ err: error, connection: connectionName }, 'a connection listener threw');
  });
}
