/**
 * Publishing with confirms. A message counts as published only when the broker confirmed it and did not return it.
 * Everything else (returned as unroutable, refused, not confirmed in time, channel lost) leaves its row in the outbox.
 */
import { IllegalOperationError, type ConfirmChannel, type Message } from 'amqplib';
import type { Logger } from '../telemetry/log';
import { createConfirms, type Confirms, type PublishResult } from './confirms';
import { createCork } from './cork';
import { superviseLink, withHeartbeat } from './link';
import type { Connect, LinkState, OpenChannel } from './link-options';
import { propertiesOf, toBuffer, type OutgoingMessage } from './outgoing-message';

/**
 * A confirm that takes longer will not come: the channel is given up and everything unconfirmed is sent again. While
 * the broker takes no publishes, this time does not pass.
 */
const CONFIRM_TIMEOUT_MS = 15_000;

/**
 * A channel on which messages are refused is given up after this long. RabbitMQ before 3.13.8 and 4.0 keeps refusing on
 * a channel what a full quorum queue once refused, though its limit has been lifted (rabbitmq-server#12206); a new
 * channel is told how things are. Long enough for a channel to count as a good one, so that the next is opened soon.
 */
const REFUSING_CHANNEL_MAX_MS = 10_000;

/** How often unconfirmed messages are looked at. */
const CONFIRM_CHECK_INTERVAL_MS = 1_000;

/** Messages under way to the broker; beyond it the batches wait. Bounds memory: 4,000 events of 1 KiB are 4 MiB. */
const UNCONFIRMED_MAX = 4_000;

/** The publishing half of a service's link to the broker. */
export interface Publisher {
  /** Whether a publish has a chance now: connected and not blocked. */
  ready(): boolean;
  /**
   * Sends one message; `onResult` is called exactly once, never synchronously within publish() when the message was
   * sent.
   */
  publish(message: OutgoingMessage, onResult: (result: PublishResult) => void): void;
  /** Resolves when fewer than UNCONFIRMED_MAX messages are unconfirmed; at once when the link is down. */
  capacity(): Promise<void>;
  /** Resolves when nothing is unconfirmed. */
  idle(): Promise<void>;
  state(): LinkState;
  unconfirmed(): number;
  stop(): Promise<void>;
}

/** What a publisher is made of. */
export interface PublisherOptions {
  readonly url: string;
  readonly connect?: Connect | undefined;
  readonly service: string;
  readonly log: Logger;
  /** Called whenever publishing becomes possible again. */
  readonly onReady: () => void;
}

/** What tells a channel that is of no use any more; moments by the process's clock, in milliseconds. */
interface Waiting {
  /** When the oldest unconfirmed message was sent. */
  readonly oldestMs: number | undefined;
  /** Since when the broker refuses messages on this channel. */
  readonly refusingSinceMs: number | undefined;
  readonly blocked: boolean;
}

/** Gives up, now and then, a channel that does not confirm or that refuses. The function returned ends that. */
function watchOverdue(waiting: () => Waiting, abandon: (reason: string) => void): () => void {
  /** When publishes were last seen to be blocked: what was sent before has its time anew. */
  let blockedAtMs = 0;
  const timer = setInterval(() => {
    const { oldestMs, refusingSinceMs, blocked } = waiting();
    const nowMs = performance.now();
    if (blocked) blockedAtMs = nowMs;
    if (oldestMs !== undefined && nowMs - Math.max(oldestMs, blockedAtMs) > CONFIRM_TIMEOUT_MS)
      abandon(`no confirm within ${String(CONFIRM_TIMEOUT_MS)} ms`);
    if (refusingSinceMs !== undefined && nowMs - refusingSinceMs > REFUSING_CHANNEL_MAX_MS)
      abandon('the broker refuses messages');
  }, CONFIRM_CHECK_INTERVAL_MS);
  return () => {
    clearInterval(timer);
  };
}

/** A message came back as unroutable: its confirm follows, and is none. */
function onReturn({ properties, fields }: Message, confirms: Confirms, log: Logger): void {
  const id = String(properties.messageId);
  confirms.returned(id);
  log.error(
    { message_id: id, exchange: fields.exchange, routing_key: fields.routingKey },
    'nobody is bound to this message: it stays in the outbox',
  );
}

/** Says so of a message that cannot be sent; of a channel that closed a moment ago, its event will tell. */
function reportUnsent(error: unknown, id: string, log: Logger): void {
  if (!(error instanceof IllegalOperationError)) log.error({ err: error, message_id: id }, 'a message cannot be sent');
}

/** Opens the publish connection of a service. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { log, service } = options;
  const confirms = createConfirms();
  const corking = createCork();
  let open: OpenChannel<ConfirmChannel> | undefined;
  /** When the broker first refused a message on the channel that is open. */
  let refusingSinceMs: number | undefined;

  const link = superviseLink<ConfirmChannel>({
    url: withHeartbeat(options.url),
    connect: options.connect,
    connectionName: `${service} publish`,
    log,
    createChannel: (connection) => {
      corking.attach(connection);
      return connection.createConfirmChannel();
    },
    onOpen: (opened) => {
      opened.channel.on('return', (message) => {
        onReturn(message, confirms, log);
      });
      open = opened;
      refusingSinceMs = undefined;
      setImmediate(options.onReady);
    },
    onClosed: () => {
      open = undefined;
      confirms.lose();
      confirms.wake();
    },
    onBlocked: (blocked) => {
      if (!blocked) options.onReady();
    },
  });

  const stopWatching = watchOverdue(
    () => ({ oldestMs: confirms.oldestMs(), refusingSinceMs, blocked: link.state().blocked !== undefined }),
    (reason) => open?.abandon(reason),
  );

  const publish: Publisher['publish'] = (message, onResult) => {
    if (!open || confirms.has(message.id)) {
      onResult('unconfirmed');
      return;
    }
    const resolve = confirms.sent(message.id, (result) => {
      if (result === 'refused') refusingSinceMs ??= performance.now();
      onResult(result);
    });
    corking.cork();
    try {
      const { exchange, routingKey, body } = message;
      open.channel.publish(exchange, routingKey, toBuffer(body), propertiesOf(service, message), (error: unknown) => {
        resolve(error ? 'refused' : 'confirmed');
      });
    } catch (error) {
      reportUnsent(error, message.id, log);
      resolve('unconfirmed');
    }
  };

  return {
    ready: () => open !== undefined && link.state().blocked === undefined,
    publish,
    capacity: () => confirms.below(UNCONFIRMED_MAX),
    idle: () => confirms.below(1),
    state: () => link.state(),
    unconfirmed: () => confirms.size(),
    stop: async () => {
      stopWatching();
      await link.stop();
    },
  };
}
