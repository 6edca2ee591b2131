/**
 * Publishing with confirms. A message counts as published only when the broker confirmed it and did not return it.
 * Everything else (returned as unroutable, refused, not confirmed in time, channel lost) leaves its row in the outbox.
 */
import type { Socket } from 'node:net';
import { IllegalOperationError, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { EVENT_CONTENT_TYPE } from '@quadrille/shared-events';
import { superviseLink, withHeartbeat, type Connect, type LinkState, type OpenChannel } from './link';
import { failpoint } from '../timing/failpoint';
import type { Logger } from '../telemetry/log';

/**
 * A confirm that takes longer will not come: the channel is given up and everything unconfirmed is sent again. While the broker takes
 * no publishes, this time does not pass.
 */
const CONFIRM_TIMEOUT_MS = 15_000;

/**
 * A channel on which messages are refused is given up after this long. RabbitMQ before 3.13.8 and 4.0 keeps refusing on a channel what a
 * full quorum queue once refused, though its limit has been lifted (rabbitmq-server#12206); a new channel is told how things are. Long
 * enough for a channel to count as a good one, so that the next is opened soon.
 */
const REFUSING_CHANNEL_MAX_MS = 10_000;

/** How often unconfirmed messages are looked at. */
const CONFIRM_CHECK_INTERVAL_MS = 1_000;

/** Messages under way to the broker; beyond it the batches wait. Bounds memory: 4,000 events of 1 KiB are 4 MiB. */
const UNCONFIRMED_MAX = 4_000;

/** What is sent: a row of the outbox, or an unreadable message on its way to a parking queue. */
export interface OutgoingMessage {
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly orderId: string;
  readonly traceparent: string | undefined;
  readonly body: string | Buffer;
  /** Besides traceparent. */
  readonly headers?: Readonly<Record<string, string | number | readonly string[]>>;
  readonly contentType?: string;
  /** The AMQP type; the routing key unless a parked message keeps its own. */
  readonly type?: string;
}

/** How a publish ended. Only `confirmed` is success. */
export type PublishResult = 'confirmed' | 'returned' | 'refused' | 'unconfirmed';

/** The publishing half of a service's link to the broker. */
export interface Publisher {
  /** Whether a publish has a chance now: connected and not blocked. */
  ready(): boolean;
  /** Sends one message; `settled` is called exactly once, never synchronously within publish() when the message was sent. */
  publish(message: OutgoingMessage, settled: (result: PublishResult) => void): void;
  /** Resolves when fewer than UNCONFIRMED_MAX messages are unconfirmed; at once when the link is down. */
  capacity(): Promise<void>;
  /** Resolves when nothing is unconfirmed. */
  idle(): Promise<void>;
  state(): LinkState;
  unconfirmed(): number;
  stop(): Promise<void>;
}

interface InFlight {
  readonly settled: (result: PublishResult) => void;
  readonly sentAtMs: number;
  returned: boolean;
}

/**
 * Gathers what is written in one turn of the event loop into one write to the socket: a batch publishes hundreds of
 * messages at once, and a system call for each costs more than the message.
 */
function createCork(): { attach(connection: ChannelModel): void; cork(): void } {
  let socket: Socket | undefined;
  let corked = false;
  return {
    attach: (connection) => {
      // amqplib keeps its socket there but leaves it out of its types.
      socket = (connection.connection as unknown as { readonly stream?: Socket }).stream;
    },
    cork: () => {
      const current = socket;
      if (corked || !current) return;
      corked = true;
      current.cork();
      // amqplib's multiplexer hands frames to the socket one turn after they were published.
      setImmediate(() =>
        setImmediate(() => {
          corked = false;
          current.uncork();
          void failpoint('after_publish');
        }),
      );
    },
  };
}

/** Opens the publish connection of a service. `onReady` is called whenever publishing becomes possible again. */
export function createPublisher(options: {
  readonly url: string;
  readonly connect?: Connect | undefined;
  readonly service: string;
  readonly log: Logger;
  readonly onReady: () => void;
}): Publisher {
  const { log, service } = options;
  const inFlight = new Map<string, InFlight>();
  let open: OpenChannel<ConfirmChannel> | undefined;
  /** When the broker first refused a message on the channel that is open. */
  let refusingSinceMs: number | undefined;
  let waiters: (() => void)[] = [];
  const corking = createCork();

  const wake = () => {
    const woken = waiters;
    waiters = [];
    for (const waiter of woken) waiter();
  };

  const resolve = (id: string, entry: InFlight, result: PublishResult) => {
    if (inFlight.get(id) !== entry) return;
    inFlight.delete(id);
    if (result === 'refused') refusingSinceMs ??= performance.now();
    entry.settled(result);
    if (waiters.length > 0) wake();
  };

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
        const entry = inFlight.get(String(message.properties.messageId));
        if (entry) entry.returned = true;
        log.error(
          {
            message_id: String(message.properties.messageId),
            exchange: message.fields.exchange,
            routing_key: message.fields.routingKey,
          },
          'nobody is bound to this message: it stays in the outbox',
        );
      });
      open = opened;
      refusingSinceMs = undefined;
      setImmediate(options.onReady);
    },
    onClosed: () => {
      open = undefined;
      for (const [id, entry] of [...inFlight]) resolve(id, entry, 'unconfirmed');
      wake();
    },
    onBlocked: (blocked) => {
      if (!blocked) options.onReady();
    },
  });

  /** When publishes were last seen to be blocked: what was sent before has its time anew. */
  let blockedAtMs = 0;
  const overdue = setInterval(() => {
    if (link.state().blocked !== undefined) blockedAtMs = performance.now();
    // A Map keeps the order of sending: the first one is the oldest.
    const oldest = inFlight.values().next().value;
    if (oldest && performance.now() - Math.max(oldest.sentAtMs, blockedAtMs) > CONFIRM_TIMEOUT_MS)
      open?.abandon(`no confirm within ${String(CONFIRM_TIMEOUT_MS)} ms`);
    if (refusingSinceMs !== undefined && performance.now() - refusingSinceMs > REFUSING_CHANNEL_MAX_MS)
      open?.abandon('the broker refuses messages');
  }, CONFIRM_CHECK_INTERVAL_MS);

  const until = async (reached: () => boolean) => {
    while (!reached()) await new Promise<void>((resolve) => waiters.push(resolve));
  };

  return {
    ready: () => open !== undefined && link.state().blocked === undefined,
    publish: (message, settled) => {
      if (!open || inFlight.has(message.id)) {
        settled('unconfirmed');
        return;
      }
      const entry: InFlight = { settled, sentAtMs: performance.now(), returned: false };
      inFlight.set(message.id, entry);
      corking.cork();
      try {
        open.channel.publish(
          message.exchange,
          message.routingKey,
          toBuffer(message.body),
          propertiesOf(service, message),
          (error: unknown) => {
            resolve(message.id, entry, entry.returned ? 'returned' : error ? 'refused' : 'confirmed');
          },
        );
      } catch (error) {
        // The channel closed a moment ago and its event has not reached us yet; anything else is a message that cannot be sent.
        if (!(error instanceof IllegalOperationError))
          log.error({ err: error, message_id: message.id }, 'a message cannot be sent');
        resolve(message.id, entry, 'unconfirmed');
      }
    },
    capacity: () => until(() => inFlight.size < UNCONFIRMED_MAX),
    idle: () => until(() => inFlight.size === 0),
    state: () => link.state(),
    unconfirmed: () => inFlight.size,
    stop: async () => {
      clearInterval(overdue);
      await link.stop();
    },
  };
}

const toBuffer = (body: string | Buffer) => (typeof body === 'string' ? Buffer.from(body) : body);

const MS_PER_S = 1_000;

const propertiesOf = (service: string, message: OutgoingMessage) => ({
  mandatory: true,
  persistent: true,
  messageId: message.id,
  type: message.type ?? message.routingKey,
  correlationId: message.orderId,
  appId: service,
  contentType: message.contentType ?? EVENT_CONTENT_TYPE,
  timestamp: Math.floor(Date.now() / MS_PER_S),
  headers: { ...message.headers, ...(message.traceparent === undefined ? {} : { traceparent: message.traceparent }) },
});
