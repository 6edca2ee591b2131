/**
 * Publishing with confirms. A message counts as published only when the broker confirmed it and did not return it.
 * Everything else (returned as unroutable, refused, not confirmed in time, channel lost) leaves its row in the outbox.
 */
import { IllegalOperationError, type ConfirmChannel } from 'amqplib';
import type { Logger } from '../telemetry/log';
import { createConfirms, type PublishResult } from './confirms';
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
      opened.channel.on('return', ({ properties, fields }) => {
        const id = String(properties.messageId);
        confirms.returned(id);
        log.error(
          { message_id: id, exchange: fields.exchange, routing_key: fields.routingKey },
          'nobody is bound to this message: it stays in the outbox',
        );
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

  /** When publishes were last seen to be blocked: what was sent before has its time anew. */
  let blockedAtMs = 0;
  const overdue = setInterval(() => {
    if (link.state().blocked !== undefined) blockedAtMs = performance.now();
    const oldestMs = confirms.oldestMs();
    if (oldestMs !== undefined && performance.now() - Math.max(oldestMs, blockedAtMs) > CONFIRM_TIMEOUT_MS)
      open?.abandon(`no confirm within ${String(CONFIRM_TIMEOUT_MS)} ms`);
    if (refusingSinceMs !== undefined && performance.now() - refusingSinceMs > REFUSING_CHANNEL_MAX_MS)
      open?.abandon('the broker refuses messages');
  }, CONFIRM_CHECK_INTERVAL_MS);

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
      // The channel closed a moment ago and its event has not reached us yet; anything else is a message that cannot be
      // sent.
      if (!(error instanceof IllegalOperationError))
        log.error({ err: error, message_id: message.id }, 'a message cannot be sent');
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
      clearInterval(overdue);
      await link.stop();
    },
  };
}
