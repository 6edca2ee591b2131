/**
 * The batched consumer.
 *
 *     deliveries -> [collected while the previous batch is written] -> read -> decide and commit -> ack many at once
 *
 * - An idle consumer starts at once, a busy one batches by itself. Only when nobody waits for any of what was delivered
 *   does it linger, for a moment: at a low rate too, such events then share a transaction (ADR 0014).
 * - What others may overtake has a queue and a consumer of its own, which takes little at once and rests as long as it
 *   worked: however much of it there is, the others go on beside it (ADR 0015).
 * - What cannot be read is a batch of its own, goes to `<service>.invalid` with the reason in a header, and is acked
 *   only when it is there.
 * - A batch that fails because the database is away is tried again, with growing pauses, for as long as the channel
 *   lives: it is never nacked, and the prefetch bounds what waits. A channel that is lost takes its deliveries with it;
 *   the broker delivers them again.
 * - A batch that fails for another reason is tried one by one; a message that fails alone three times goes to
 *   `<service>.dead-letter`.
 * - A redelivered message runs alone, and each such run is counted in the database before it decides: a message that
 *   takes the process down with it is found out without harm to its neighbours.
 */
import type { ConsumeMessage } from 'amqplib';
import type { LinkState } from '../broker/link-options';
import type { Logger } from '../telemetry/log';
import { pause } from '../timing/backoff';
import { failpoint } from '../timing/failpoint';
import { AbandonedError, type Patience } from '../timing/retry';
import { createDeliveryBuffer } from './delivery-buffer';
import type { Reading } from './message-reader';
import { settle, type Delivery, type Settled, type SettlementOptions } from './settlement';
import { subscribe, type OpenSubscription, type SubscriptionOptions } from './subscription';

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
 * Everything, as fast as it goes. It lingers for longer than the saga takes from one event of an order to its next, and
 * too short for a person to notice.
 */
export const FULL_PACE: Pace = { batchMax: BATCH_MAX, rest: 0, lingerMs: 50 };

/**
 * Others never wait long for one batch, and have at least half of the time to themselves (ADR 0015 has the figures). It
 * lingers for longer than the others do: what happened before is then noted before, unless there is much to do.
 */
export const LOW_PRIORITY_PACE: Pace = { batchMax: 20, rest: 1, lingerMs: 200 };

/** Longest rest: a batch that took longer waited for the database, which says nothing about the work. */
const REST_MAX_MS = 2_000;

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
export interface ConsumerOptions<State, Message>
  extends SettlementOptions<State, Message>, Pick<SubscriptionOptions, 'url' | 'connect' | 'queue'> {
  readonly pace: Pace;
  readonly read: (delivery: ConsumeMessage) => Reading<Message>;
  /** Whether an event of this type may linger for company. */
  readonly lingers: (type: string) => boolean;
  /** Resolves when a further batch may be taken. */
  readonly capacity: () => Promise<unknown>;
}

/** Tries of one batch after which its consumer is held up: some seconds. */
const HELD_UP_AFTER = 5;

/** Acks a batch up to its last message. */
function ack({ acks }: OpenSubscription, count: number, last: ConsumeMessage, settled: Settled): void {
  acks.handled(last, count);
  // The next one may take the process down: this one must not come again for that, to be parked or tried once more.
  if (settled === 'parked' || last.fields.redelivered) acks.flush();
}

/** After a failure that was not foreseen the broker delivers the batch again, on another channel. */
function giveUp({ abandon }: OpenSubscription, error: unknown, log: Logger): void {
  log.error({ err: error }, 'a batch failed in an unforeseen way');
  abandon('a batch failed');
}

/** Starts to consume a queue; keeps at it until stop(). */
export function startConsumer<State, Message>(options: ConsumerOptions<State, Message>): Consumer {
  const { queue, pace, log, metrics } = options;
  const { batchMax, lingerMs } = pace;
  const buffer = createDeliveryBuffer<Message>({ batchMax, lingerMs, lingers: options.lingers });
  const resting = new AbortController();
  let running: Promise<void> | undefined;
  let draining = false;
  /** Failures of the infrastructure since a batch was settled. */
  let failures = 0;

  const patienceOn = (channel: OpenSubscription): Patience => ({
    shouldContinue: (failed) => subscription.current() === channel && !(draining && failed > 0),
    onFailure: () => {
      failures += 1;
    },
  });

  /** Settles a batch and acks it, if its channel still lives. */
  const handle = async (channel: OpenSubscription, batch: readonly Delivery<Message>[], last: ConsumeMessage) => {
    const startedMs = performance.now();
    const settled = await settle(options, batch, patienceOn(channel));
    failures = 0;
    await failpoint('before_ack');
    if (subscription.current() === channel) ack(channel, batch.length, last, settled);
    const restMs = Math.min(REST_MAX_MS, pace.rest * (performance.now() - startedMs));
    if (restMs > 0) await pause(restMs, resting.signal);
  };

  const work = async () => {
    // Deliveries of one TCP segment arrive in one turn of the event loop: they belong to the same batch.
    await new Promise(setImmediate);
    while (!buffer.isEmpty()) {
      await buffer.ready();
      await options.capacity();
      const batch = buffer.take();
      const last = batch.at(-1);
      const channel = subscription.current();
      if (!last || !channel) continue;
      await handle(channel, batch, last.raw).catch((error: unknown) => {
        subscription.letGo(channel);
        if (!(error instanceof AbandonedError)) giveUp(channel, error, log);
      });
    }
    failures = 0;
    running = undefined;
  };

  const subscription = subscribe({
    url: options.url,
    connect: options.connect,
    queue,
    batchMax,
    log,
    onDelivery: (raw) => {
      if (raw.fields.redelivered) metrics.redelivered.inc();
      buffer.add({ raw, receivedAtMs: performance.now(), reading: options.read(raw) });
      running ??= work();
    },
    onLost: () => {
      buffer.clear();
    },
  });

  return {
    lane: options.lane,
    state: () => ({ ...subscription.state(), heldUp: failures >= HELD_UP_AFTER }),
    drain: async () => {
      draining = true;
      buffer.drain();
      resting.abort();
      await subscription.cancel();
      while (running) await running;
      subscription.current()?.acks.flush();
    },
    stop: () => subscription.stop(),
  };
}
