/**
 * The batched consumer.
 *
 *     deliveries -> [collected while the previous batch is written] -> read -> decide and commit -> ack many at once
 *
 * - An idle consumer starts at once, a busy one batches by itself. Only when nobody waits for any of what was delivered
 *   does it linger, for a moment: at a low rate too, such events then share a transaction (ADR 0014).
 * - What others may overtake has a queue and a consumer of its own, which takes little at once and rests as long as it
 *   worked: however much of it there is, the others go on beside it (ADR 0015).
 * - What cannot be read is a batch of its own, goes to `<service>.invalid` with the reason in a header, and is acked only when it is there.
 * - A batch that fails because the database is away is tried again, with growing pauses, for as long as the channel
 *   lives: it is never nacked, and the prefetch bounds what waits. A channel that is lost takes its deliveries with it;
 *   the broker delivers them again.
 * - A batch that fails for another reason is tried one by one; a message that fails alone three times goes to
 *   `<service>.dead-letter`.
 * - A redelivered message runs alone, and each such run is counted in the database before it decides: a message that
 *   takes the process down with it is found out without harm to its neighbours.
 */
import type { Channel, ConsumeMessage } from 'amqplib';
import { createAcks, type Acks } from '../broker/acks';
import { pause } from '../timing/backoff';
import { superviseLink, withHeartbeat } from '../broker/link';
import type { Connect, LinkState, OpenChannel } from '../broker/link-options';
import { watchConsumer, type ConsumerWatch } from '../broker/consumer-watch';
import type { Reading } from './message-reader';
import { failpoint } from '../timing/failpoint';
import { AbandonedError } from './retry-transient';
import { createDeliveryBuffer } from './delivery-buffer';
import { settle, type SettlementOptions } from './settlement';

/** Messages written in one transaction: beyond this a batch gains little and its locks last longer. */
export const BATCH_MAX = 200;

/** How a consumer takes its time. */
export interface Pace {
  /** Messages taken at once. */
  readonly batchMax: number;
  /** How long it rests after a batch: so many times as long as that took. */
  readonly rest: number;
  /** Longest time that a delivery lingers for company. */
  readonly lingerMs: number;
}

/**
 * Everything, as fast as it goes. It lingers for longer than the saga takes from one event of an order to its next, and too
 * short for a person to notice.
 */
export const FULL_PACE: Pace = { batchMax: BATCH_MAX, rest: 0, lingerMs: 50 };

/**
 * Others never wait long for one batch, and have at least half of the time to themselves (ADR 0015 has the figures). It
 * lingers for longer than the others do: what happened before is then noted before, unless there is much to do.
 */
export const LOW_PRIORITY_PACE: Pace = { batchMax: 20, rest: 1, lingerMs: 200 };

/** Longest rest: a batch that took longer waited for the database, which says nothing about the work. */
const REST_MAX_MS = 2_000;

/** Messages the broker may have under way to one consumer, in batches: one that is being written and one being collected. */
const PREFETCH_BATCHES = 2;

/** Of half a batch that was handled the broker is told at once, so that it always has something to send. */
const UNACKED_BATCHES = 0.5;

/** The consuming half of a service's link to the broker. */
export interface Consumer {
  readonly lane: string;
  /** `heldUp`: what it fetched fails again and again, and the infrastructure is at fault; the log says which. */
  readonly state: () => LinkState & { readonly heldUp: boolean };
  /** Stops fetching, finishes what was fetched, acks it. */
  readonly drain: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What a consumer is made of. */
export interface ConsumerOptions<State, Message> extends SettlementOptions<State, Message> {
  readonly url: string;
  readonly connect?: Connect | undefined;
  readonly queue: string;
  readonly pace: Pace;
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
  readonly watch: ConsumerWatch;
}

/** Tries of one batch after which its consumer is held up: some seconds. */
const HELD_UP_AFTER = 5;

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

/** Starts to consume a queue; keeps at it until stop(). */
export function startConsumer<State, Message>(options: ConsumerOptions<State, Message>): Consumer {
  const { queue, pace, log, metrics, read } = options;
  const { batchMax } = pace;
  const buffer = createDeliveryBuffer<Message>({ batchMax, lingerMs: pace.lingerMs, lingers: options.lingers });
  let open: Consuming | undefined;
  let running: Promise<void> | undefined;
  let draining = false;
  let tries = 0;
  const resting = new AbortController();

  /** Takes nothing more from a channel on which a batch was not settled: an ack of what comes after it would ack it, too. */
  const letGo = (channel: Consuming) => {
    channel.acks.flush();
    if (open !== channel) return;
    channel.watch.stop();
    open = undefined;
    buffer.clear();
  };

  const work = async () => {
    // Deliveries of one TCP segment arrive in one turn of the event loop: they belong to the same batch.
    await new Promise(setImmediate);
    while (!buffer.isEmpty()) {
      await buffer.ready();
      await options.capacity();
      const batch = buffer.take();
      const last = batch.at(-1);
      const channel = open;
      if (!last || !channel) continue;
      const startedMs = performance.now();
      try {
        const parked = await settle(options, batch, (failures) => {
          tries = failures;
          return open === channel && !(draining && failures > 0);
        });
        await failpoint('before_ack');
        if (open === channel) channel.acks.handled(last.raw, batch.length);
        // The next one may take the process down: this one must not come again for that, to be parked or tried once more.
        if (open === channel && (parked || last.raw.fields.redelivered)) channel.acks.flush();
        const restMs = Math.min(REST_MAX_MS, pace.rest * (performance.now() - startedMs));
        if (restMs > 0) await pause(restMs, resting.signal);
      } catch (error) {
        letGo(channel);
        if (error instanceof AbandonedError) continue;
        // Not foreseen: give the channel up, so that the broker delivers the batch again.
        log.error({ err: error }, 'a batch failed in an unforeseen way');
        channel.abandon('a batch failed');
      }
    }
    tries = 0;
    running = undefined;
  };

  const onDelivery = (raw: ConsumeMessage | null, epoch: number, abandon: (reason: string) => void) => {
    if (!raw) {
      abandon('the broker cancelled the consumer');
      return;
    }
    if (open?.epoch !== epoch) return;
    open.watch.delivered();
    if (raw.fields.redelivered) metrics.redelivered.inc();
    buffer.add({ raw, receivedAtMs: performance.now(), reading: read(raw) });
    running ??= work();
  };

  const link = superviseLink<Channel>({
    url: withHeartbeat(options.url),
    connect: options.connect,
    connectionName: `${queue} consume`,
    log,
    createChannel: (connection) => connection.createChannel(),
    onOpen: async (opened) => {
      if (draining) return;
      const { channel, epoch, abandon } = opened;
      await channel.prefetch(PREFETCH_BATCHES * batchMax);
      // Asked to drain meanwhile: what came now would be handled behind the back of whoever stops the rest. (Narrowed to what it was before.)
      if (draining as boolean) return;
      const consumerTag = `${queue}.${String(process.pid)}.${String(epoch)}`;
      const receive = (raw: ConsumeMessage | null) => {
        onDelivery(raw, epoch, abandon);
      };
      // Deliveries may arrive before consume() answers.
      const acks = createAcks(channel, UNACKED_BATCHES * batchMax);
      open = { ...opened, consumerTag, receive, acks, watch: watchConsumer(opened, queue, log) };
      await channel.consume(queue, receive, { consumerTag });
    },
    onClosed: () => {
      open?.acks.forget();
      open?.watch.stop();
      open = undefined;
      buffer.clear();
    },
  });

  return {
    lane: options.lane,
    state: () => ({ ...link.state(), heldUp: tries >= HELD_UP_AFTER }),
    drain: async () => {
      draining = true;
      buffer.drain();
      resting.abort();
      open?.watch.stop();
      if (open) await cancelConsumer(open);
      while (running) await running;
      open?.acks.flush();
    },
    stop: () => link.stop(),
  };
}
