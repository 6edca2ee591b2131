/**
 * The batched consumer.
 *
 *     deliveries -> [collected while the previous batch is written] -> read -> decide and commit -> ack all at once
 *
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
import type { Pool } from 'pg';
import { backoffMs, pause } from './backoff';
import { superviseLink, withHeartbeat, type LinkState, type OpenChannel } from './broker-link';
import { isTransient } from './database';
import type { Input } from './decision';
import { attemptOf, claimedType, messageIdOf, type Reading } from './delivery';
import type { Logger } from './log';
import type { ServiceMetrics } from './metrics';
import { controlExchange, type Processor } from './processor';
import type { Publisher } from './publisher';
import { traceIdOf } from './trace';

/** Messages the broker may have under way to one consumer: two batches, one being written and one being collected. */
const PREFETCH = 400;

/** Messages written in one transaction: beyond this a batch gains little and its locks last longer. */
export const BATCH_MAX = 200;

/** Tries of a message that fails alone, for a reason that is not the infrastructure's. */
const TRIES_ALONE = 3;

/** Runs of a redelivered message that may end with the death of the process before it is called poison. */
const DEATHS_MAX = 3;

/** Pauses while the database or the broker is away. */
const RETRY = { firstMs: 100, maxMs: 5_000 };

/** Pause between two tries of a message that fails alone. */
const RETRY_ALONE_MS = 100;

/** The consuming half of a service's link to the broker. */
export interface Consumer {
  state(): LinkState;
  /** Stops fetching, finishes what was fetched, acks it. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** What a consumer is made of. */
export interface ConsumerOptions<State, Message> {
  readonly url: string;
  readonly service: string;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly pool: Pool;
  readonly publisher: Publisher;
  readonly read: (delivery: ConsumeMessage) => Reading<Message>;
  readonly process: Processor<State, Message>;
  /** Resolves when a further batch may be taken. */
  readonly capacity: () => Promise<unknown>;
}

interface Delivery<Message> {
  readonly raw: ConsumeMessage;
  readonly receivedAtMs: number;
  readonly reading: Reading<Message>;
}

interface Readable<Message> extends Delivery<Message> {
  readonly reading: Extract<Reading<Message>, { ok: true }>;
}

const isReadable = <Message>(delivery: Delivery<Message>): delivery is Readable<Message> => delivery.reading.ok;

/** The channel is gone; its deliveries come back on another. */
class ChannelLostError extends Error {}

/** Starts to consume the service's queue; keeps at it until stop(). */
export function startConsumer<State, Message>(options: ConsumerOptions<State, Message>): Consumer {
  const { service, log, metrics, read } = options;
  let pending: Delivery<Message>[] = [];
  let open: (OpenChannel<Channel> & { readonly consumerTag: string }) | undefined;
  let running: Promise<void> | undefined;
  let draining = false;

  const take = (): readonly Delivery<Message>[] => {
    const alone = pending.findIndex(({ raw }) => raw.fields.redelivered);
    const size = alone === 0 ? 1 : Math.min(alone === -1 ? pending.length : alone, BATCH_MAX);
    const batch = pending.slice(0, size);
    pending = pending.slice(size);
    return batch;
  };

  const work = async () => {
    // Deliveries of one TCP segment arrive in one turn of the event loop: they belong to the same batch.
    await new Promise(setImmediate);
    while (pending.length > 0) {
      await options.capacity();
      const batch = take();
      const last = batch.at(-1);
      const channel = open;
      if (!last || !channel) continue;
      try {
        await settle(options, batch, () => open === channel);
        if (open === channel) channel.channel.ack(last.raw, true);
      } catch (error) {
        if (error instanceof ChannelLostError) continue;
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
    if (open && open.epoch !== epoch) return;
    if (raw.fields.redelivered) metrics.redelivered.inc();
    pending.push({ raw, receivedAtMs: performance.now(), reading: read(raw) });
    running ??= work();
  };

  const link = superviseLink<Channel>({
    url: withHeartbeat(options.url),
    connectionName: `${service} consume`,
    log,
    createChannel: (connection) => connection.createChannel(),
    onOpen: async (opened) => {
      if (draining) return;
      const { channel, epoch, abandon } = opened;
      await channel.prefetch(PREFETCH);
      const consumerTag = `${service}.${String(process.pid)}.${String(epoch)}`;
      // Deliveries may arrive before consume() answers.
      open = { ...opened, consumerTag };
      await channel.consume(
        service,
        (raw) => {
          onDelivery(raw, epoch, abandon);
        },
        { consumerTag },
      );
    },
    onClosed: () => {
      open = undefined;
      pending = [];
    },
  });

  return {
    state: () => link.state(),
    drain: async () => {
      draining = true;
      await open?.channel.cancel(open.consumerTag).catch(() => undefined);
      while (running) await running;
    },
    stop: () => link.stop(),
  };
}

/** Brings one batch to its end: every message decided and committed, or parked. Rejects with ChannelLostError only. */
async function settle<State, Message>(
  options: ConsumerOptions<State, Message>,
  batch: readonly Delivery<Message>[],
  current: () => boolean,
): Promise<void> {
  const { metrics } = options;
  for (const delivery of batch) {
    if (!delivery.reading.ok) await park(options, delivery, 'invalid', delivery.reading.reason, current);
  }
  const readable = batch.filter(isReadable);
  if (readable.length === 0) return;
  metrics.batchSize.observe({ lane: 'consumer' }, readable.length);
  const end = metrics.batchSeconds.startTimer({ lane: 'consumer' });
  const [first] = readable;
  if (first?.raw.fields.redelivered === true) await settleRedelivered(options, first, current);
  else {
    const error = await attempt(options, readable, current);
    if (error !== undefined) for (const delivery of readable) await settleAlone(options, delivery, current);
  }
  end();
}

/** Processes; answers the error when it is not the infrastructure's, waits and tries again when it is. */
async function attempt<State, Message>(
  options: ConsumerOptions<State, Message>,
  batch: readonly Readable<Message>[],
  current: () => boolean,
): Promise<Error | undefined> {
  try {
    const inputs: Input<Message>[] = batch.map(({ reading }) => reading.input);
    const handled = await patiently(options, () => options.process(inputs), current);
    handled.forEach(({ outcome }, index) => {
      const delivery = batch[index];
      if (delivery) report(options, delivery, outcome);
    });
    return undefined;
  } catch (error) {
    if (error instanceof ChannelLostError) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function settleAlone<State, Message>(
  options: ConsumerOptions<State, Message>,
  delivery: Readable<Message>,
  current: () => boolean,
) {
  for (let tries = 1; ; tries++) {
    const error = await attempt(options, [delivery], current);
    if (error === undefined) return;
    options.log.error({ err: error, message_id: messageIdOf(delivery.raw), tries }, 'a message could not be handled');
    if (tries === TRIES_ALONE) {
      await park(options, delivery, 'dead-letter', `HANDLER_FAILED: ${error.message}`, current);
      return;
    }
    await pause(RETRY_ALONE_MS);
  }
}

const COUNT_RUN = {
  name: 'delivery-attempt',
  text: `INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, 1)
    ON CONFLICT (message_id) DO UPDATE SET attempts = delivery_attempt.attempts + 1, updated_at = now()
    RETURNING attempts`,
};
const FORGET_RUNS = { name: 'delivery-attempt-done', text: 'DELETE FROM delivery_attempt WHERE message_id = $1' };

async function settleRedelivered<State, Message>(
  options: ConsumerOptions<State, Message>,
  delivery: Readable<Message>,
  current: () => boolean,
) {
  const { pool } = options;
  const values = [messageIdOf(delivery.raw)];
  const { rows } = await patiently(options, () => pool.query<{ attempts: number }>({ ...COUNT_RUN, values }), current);
  const attempts = rows[0]?.attempts ?? 1;
  if (attempts > DEATHS_MAX) {
    await park(
      options,
      delivery,
      'dead-letter',
      `POISON: the process died ${String(DEATHS_MAX)} times while handling it`,
      current,
    );
  } else {
    await settleAlone(options, delivery, current);
  }
  await patiently(options, () => pool.query({ ...FORGET_RUNS, values }), current);
}

/** Tries again for as long as the infrastructure is at fault and the channel is alive. */
async function patiently<State, Message, Result>(
  { log }: ConsumerOptions<State, Message>,
  work: () => Promise<Result>,
  current: () => boolean,
): Promise<Result> {
  for (let failures = 0; ; failures++) {
    if (!current()) throw new ChannelLostError();
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      log.warn(
        { reason: error instanceof Error ? error.message : String(error), failures },
        'waiting for the infrastructure; nothing is consumed meanwhile',
      );
      await pause(backoffMs(failures, RETRY));
    }
  }
}

/** Moves a message to one of the service's parking queues; returns when the broker has confirmed it there. */
async function park<State, Message>(
  options: ConsumerOptions<State, Message>,
  { raw }: Delivery<Message>,
  queue: 'invalid' | 'dead-letter',
  reason: string,
  current: () => boolean,
): Promise<void> {
  const { service, log, metrics, publisher } = options;
  const id = messageIdOf(raw);
  for (let failures = 0; ; failures++) {
    if (!current()) throw new ChannelLostError();
    const result = await new Promise((resolve) => {
      publisher.publish(
        {
          id,
          exchange: controlExchange(service),
          routingKey: queue,
          orderId: typeof raw.properties.correlationId === 'string' ? raw.properties.correlationId : '',
          traceparent: undefined,
          body: raw.content,
          type: claimedType(raw),
          contentType:
            typeof raw.properties.contentType === 'string' ? raw.properties.contentType : 'application/octet-stream',
          headers: {
            'x-reason': reason.slice(0, REASON_MAX_LENGTH),
            'x-original-exchange': raw.fields.exchange,
            'x-original-routing-key': raw.fields.routingKey,
          },
        },
        resolve,
      );
    });
    if (result === 'confirmed') break;
    await pause(backoffMs(failures, RETRY));
  }
  metrics.parked.inc({ queue });
  log.warn({ event: claimedType(raw), message_id: id, queue: `${service}.${queue}`, reason }, 'message parked');
}

/** Longest reason in a header, in characters: enough to act on, short enough for the management UI. */
const REASON_MAX_LENGTH = 500;

function report<State, Message>(
  { log, metrics }: ConsumerOptions<State, Message>,
  delivery: Readable<Message>,
  outcome: string,
): void {
  const { raw, reading, receivedAtMs } = delivery;
  metrics.handled.inc({ type: reading.type, outcome });
  log.info(
    {
      event: reading.type,
      message_id: messageIdOf(raw),
      order_id: reading.input.key,
      causation_id: reading.input.cause.messageId,
      trace_id: traceIdOf(reading.input.cause.traceparent),
      attempt: attemptOf(raw),
      outcome,
      ms: Math.round((performance.now() - receivedAtMs) * 10) / 10,
    },
    'handled',
  );
}
