/**
 * The batched consumer.
 *
 *     deliveries -> [collected while the previous batch is written] -> read -> decide and commit -> ack many at once
 *
 * - An idle consumer starts at once, a busy one batches by itself. Only when nobody waits for any of what was delivered
 *   does it linger, for LINGER_MS at most: at a low rate too, such events then share a transaction (ADR 0014).
 * - What cannot be read goes to `<service>.invalid`, with the reason in a header, and is acked only when it is there.
 * - A batch that fails because the database is away is tried again, with growing pauses, for as long as the channel
 *   lives: it is never nacked, and the prefetch bounds what waits. A channel that is lost takes its deliveries with it;
 *   the broker delivers them again.
 * - A batch that fails for another reason is tried one by one; a message that fails alone three times goes to
 *   `<service>.dead-letter`.
 * - A redelivered message runs alone, and each such run is counted in the database before it begins: a message that
 *   takes the process down with it is found out without harm to its neighbours.
 */
import type { Channel, ConsumeMessage } from 'amqplib';
import { createAcks, type Acks } from './acks';
import { pause } from './backoff';
import { superviseLink, withHeartbeat, type Connect, type LinkState, type OpenChannel } from './broker-link';
import type { Reading } from './delivery';
import { failpoint } from './failpoint';
import { GivenUpError, settle, type Delivery, type SettlementOptions } from './settlement';

/** Messages the broker may have under way to one consumer: two batches, one being written and one being collected. */
const PREFETCH = 400;

/** Messages written in one transaction: beyond this a batch gains little and its locks last longer. */
export const BATCH_MAX = 200;

/**
 * Longest time that a delivery lingers for company: longer than the saga takes from one event of an order to its next, and
 * too short for a person to notice.
 */
const LINGER_MS = 50;

/** The consuming half of a service's link to the broker. */
export interface Consumer {
  state(): LinkState;
  /** Stops fetching, finishes what was fetched, acks it. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** What a consumer is made of. */
export interface ConsumerOptions<State, Message> extends SettlementOptions<State, Message> {
  readonly url: string;
  readonly connect?: Connect | undefined;
  readonly read: (delivery: ConsumeMessage) => Reading<Message>;
  /** Whether an event of this type may linger for company. */
  readonly lingers: (type: string) => boolean;
  /** Resolves when a further batch may be taken. */
  readonly capacity: () => Promise<unknown>;
}

interface Consuming extends OpenChannel<Channel> {
  readonly consumerTag: string;
  readonly receive: (raw: ConsumeMessage | null) => void;
  readonly acks: Acks;
}

/** How long deliveries may still come in after the broker has confirmed that it sends no more. */
const LATE_DELIVERIES_MS = 50;

/**
 * Cancels the consumer, and takes in what was on its way: a quorum queue hands messages to the channel by itself, so that
 * some come after the broker's confirmation. amqplib has forgotten the consumer by then and would end the connection.
 */
async function cancelConsumer({ channel, consumerTag, receive }: Consuming): Promise<void> {
  // registerConsumer is what consume() itself calls; amqplib leaves it out of its types.
  const registry = channel as unknown as { registerConsumer(tag: string, callback: Consuming['receive']): void };
  try {
    await channel.cancel(consumerTag);
    registry.registerConsumer(consumerTag, receive);
  } catch {
    return; // the channel is gone, and its deliveries with it
  }
  await pause(LATE_DELIVERIES_MS);
}

/** Starts to consume the service's queue; keeps at it until stop(). */
export function startConsumer<State, Message>(options: ConsumerOptions<State, Message>): Consumer {
  const { service, log, metrics, read } = options;
  let pending: Delivery<Message>[] = [];
  let open: Consuming | undefined;
  let running: Promise<void> | undefined;
  let draining = false;
  let hurry: () => void = () => undefined;

  const take = (): readonly Delivery<Message>[] => {
    const alone = pending.findIndex(({ raw }) => raw.fields.redelivered);
    const size = alone === 0 ? 1 : Math.min(alone === -1 ? pending.length : alone, BATCH_MAX);
    const batch = pending.slice(0, size);
    pending = pending.slice(size);
    return batch;
  };

  const urgent = ({ raw, reading }: Delivery<Message>) =>
    raw.fields.redelivered || !reading.ok || !options.lingers(reading.type);

  const linger = async () => {
    const [first] = pending;
    if (!first || draining || pending.length >= BATCH_MAX || pending.some(urgent)) return;
    const leftMs = first.receivedAtMs + LINGER_MS - performance.now();
    if (leftMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };

  /** Takes nothing more from a channel on which a batch was not settled: an ack of what comes after it would ack it, too. */
  const letGo = (channel: Consuming) => {
    channel.acks.flush();
    if (open !== channel) return;
    open = undefined;
    pending = [];
  };

  const work = async () => {
    // Deliveries of one TCP segment arrive in one turn of the event loop: they belong to the same batch.
    await new Promise(setImmediate);
    while (pending.length > 0) {
      await linger();
      await options.capacity();
      const batch = take();
      const last = batch.at(-1);
      const channel = open;
      if (!last || !channel) continue;
      try {
        await settle(options, batch, (failures) => open === channel && !(draining && failures > 0));
        await failpoint('before_ack');
        if (open === channel) channel.acks.handled(last.raw, batch.length);
      } catch (error) {
        letGo(channel);
        if (error instanceof GivenUpError) continue;
        // Not foreseen: give the channel up, so that the broker delivers the batch again.
        log.error({ err: error }, 'a batch failed in an unforeseen way');
        channel.abandon('a batch failed');
      }
    }
    running = undefined;
  };

  const onDelivery = (raw: ConsumeMessage | null, epoch: number, abandon: (reason: string) => void) => {
    if (!raw) {
      abandon('the broker cancelled the consumer');
      return;
    }
    if (open?.epoch !== epoch) return;
    if (raw.fields.redelivered) metrics.redelivered.inc();
    const delivery = { raw, receivedAtMs: performance.now(), reading: read(raw) };
    pending.push(delivery);
    if (urgent(delivery) || pending.length >= BATCH_MAX) hurry();
    running ??= work();
  };

  const link = superviseLink<Channel>({
    url: withHeartbeat(options.url),
    connect: options.connect,
    connectionName: `${service} consume`,
    log,
    createChannel: (connection) => connection.createChannel(),
    onOpen: async (opened) => {
      if (draining) return;
      const { channel, epoch, abandon } = opened;
      await channel.prefetch(PREFETCH);
      const consumerTag = `${service}.${String(process.pid)}.${String(epoch)}`;
      const receive = (raw: ConsumeMessage | null) => {
        onDelivery(raw, epoch, abandon);
      };
      // Deliveries may arrive before consume() answers.
      open = { ...opened, consumerTag, receive, acks: createAcks(channel) };
      await channel.consume(service, receive, { consumerTag });
    },
    onClosed: () => {
      open?.acks.forget();
      open = undefined;
      pending = [];
      hurry();
    },
  });

  return {
    state: () => link.state(),
    drain: async () => {
      draining = true;
      hurry();
      if (open) await cancelConsumer(open);
      while (running) await running;
      open?.acks.flush();
    },
    stop: () => link.stop(),
  };
}
