/**
 * A subscription to a queue: one channel after the other on which it is consumed. What was delivered on a channel
 * belongs to it: its acks are worth something on that channel only, and when it is gone the broker delivers again.
 */
import type { Channel, ConsumeMessage } from 'amqplib';
import { createAcks, type Acks } from '../broker/acks';
import { watchConsumer, type ConsumerWatch } from '../broker/consumer-watch';
import { superviseLink, withHeartbeat } from '../broker/link';
import type { Connect, LinkState, OpenChannel } from '../broker/link-options';
import type { Logger } from '../telemetry/log';
import { pause } from '../timing/backoff';

/**
 * Messages the broker may have under way to one consumer, in batches: one that is being written and one being
 * collected.
 */
const PREFETCH_BATCHES = 2;

/** Of half a batch that was handled the broker is told at once, so that it always has something to send. */
const UNACKED_BATCHES = 0.5;

/** How long deliveries may still come in after the broker has confirmed that it sends no more. */
const LATE_DELIVERIES_MS = 50;

/**
 * Cancels the consumer, and takes in what was on its way: a quorum queue hands messages to the channel by itself, so
 * that some come after the broker's confirmation. amqplib has forgotten the consumer by then and would end the
 * connection.
 */
async function cancelConsumer({ channel, consumerTag, receive }: OpenSubscription): Promise<void> {
  // registerConsumer is what consume() itself calls; amqplib leaves it out of its types.
  const registry = channel as unknown as {
    registerConsumer(tag: string, callback: (raw: ConsumeMessage | null) => void): void;
  };
  try {
    await channel.cancel(consumerTag);
    registry.registerConsumer(consumerTag, receive);
  } catch {
    return; // the channel is gone, and its deliveries with it
  }
  await pause(LATE_DELIVERIES_MS);
}

/** The channel on which the queue is consumed now. */
export interface OpenSubscription extends OpenChannel<Channel> {
  readonly consumerTag: string;
  readonly receive: (raw: ConsumeMessage | null) => void;
  readonly acks: Acks;
  readonly watch: ConsumerWatch;
}

/** What a subscription is made of. */
export interface SubscriptionOptions {
  readonly url: string;
  readonly connect?: Connect | undefined;
  readonly queue: string;
  /** Messages taken at once: the prefetch and the acks follow from it. */
  readonly batchMax: number;
  readonly log: Logger;
  readonly onDelivery: (raw: ConsumeMessage) => void;
  /** What was delivered on the channel that was open comes again. */
  readonly onLost: () => void;
}

/** A subscription. */
export interface Subscription {
  /** Undefined while no channel is open. */
  current(): OpenSubscription | undefined;
  /**
   * Takes nothing more from this channel: an ack of what comes after a batch that is not settled would ack that, too.
   */
  letGo(channel: OpenSubscription): void;
  state(): LinkState;
  /** Asks for no more; what was on its way is delivered before it resolves. */
  cancel(): Promise<void>;
  stop(): Promise<void>;
}

/** Subscribes to a queue, and keeps at it until stop(). */
export function subscribe(options: SubscriptionOptions): Subscription {
  const { queue, batchMax, log } = options;
  let open: OpenSubscription | undefined;
  let cancelled = false;

  const receiver = (epoch: number, abandon: (reason: string) => void) => (raw: ConsumeMessage | null) => {
    if (!raw) {
      abandon('the broker cancelled the consumer');
      return;
    }
    if (open?.epoch !== epoch) return;
    open.watch.delivered();
    options.onDelivery(raw);
  };

  const lose = () => {
    open?.watch.stop();
    open = undefined;
    options.onLost();
  };

  const link = superviseLink<Channel>({
    url: withHeartbeat(options.url),
    connect: options.connect,
    connectionName: `${queue} consume`,
    log,
    createChannel: (connection) => connection.createChannel(),
    onOpen: async (opened) => {
      if (cancelled) return;
      const { channel, epoch, abandon } = opened;
      await channel.prefetch(PREFETCH_BATCHES * batchMax);
      // Cancelled meanwhile: what came now would be handled while everything else stops. (Narrowed to what it was
      // before.)
      if (cancelled as boolean) return;
      const consumerTag = `${queue}.${String(process.pid)}.${String(epoch)}`;
      const receive = receiver(epoch, abandon);
      const acks = createAcks(channel, UNACKED_BATCHES * batchMax);
      // Deliveries may arrive before consume() resolves.
      open = { ...opened, consumerTag, receive, acks, watch: watchConsumer(opened, queue, log) };
      await channel.consume(queue, receive, { consumerTag });
    },
    onClosed: () => {
      open?.acks.forget();
      lose();
    },
  });

  return {
    current: () => open,
    letGo: (channel) => {
      channel.acks.flush();
      if (open === channel) lose();
    },
    state: () => link.state(),
    cancel: async () => {
      cancelled = true;
      open?.watch.stop();
      if (open) await cancelConsumer(open);
    },
    stop: () => link.stop(),
  };
}
