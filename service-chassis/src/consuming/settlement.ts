/**
 * Settling: every delivery of a batch is decided and committed, or parked in `<service>.invalid` or
 * `<service>.dead-letter`. Acking is the consumer's; see there for the rules.
 */
import type { ConsumeMessage } from 'amqplib';
import { pause } from '../timing/backoff';
import type { Input } from '../contract/decision';
import { attemptOf, messageIdOf, type Reading } from './message-reader';
import type { ServiceMetrics } from '../telemetry/metrics';
import { park } from './park';
import { AbandonedError, retryTransient, type ShouldContinue } from './retry-transient';
import type { Processor } from '../processing/processor';
import type { Publisher } from '../broker/publisher';
import { openRedelivery, type CountingOptions, type Run } from './death-count';
import { traceIdOf } from '../telemetry/trace';

/** Tries of a message that fails alone, for a reason that is not the infrastructure's. */
const TRIES_ALONE = 3;

/** Runs of a redelivered message that may end with the death of the process before it is called poison. */
const DEATHS_MAX = 3;

/** Pause between two tries of a message that fails alone. */
const RETRY_ALONE_MS = 100;

/** What settling needs. */
export interface SettlementOptions<State, Message> extends CountingOptions {
  readonly service: string;
  /** Names the consumer in the metrics of batches. */
  readonly lane: string;
  readonly metrics: ServiceMetrics;
  readonly publisher: Publisher;
  readonly process: Processor<State, Message>;
}

/** One delivery, read when it arrived. */
export interface Delivery<Message> {
  readonly raw: ConsumeMessage;
  readonly receivedAtMs: number;
  readonly reading: Reading<Message>;
}

interface Readable<Message> extends Delivery<Message> {
  readonly reading: Extract<Reading<Message>, { ok: true }>;
}

const isReadable = <Message>(delivery: Delivery<Message>): delivery is Readable<Message> => delivery.reading.ok;

/** Brings one batch to its end, every message decided and committed, or parked; answers whether one was parked. Rejects with AbandonedError only. */
export async function settle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Delivery<Message>[],
  shouldContinue: ShouldContinue,
): Promise<boolean> {
  const { metrics, lane } = options;
  for (const delivery of batch) {
    if (!delivery.reading.ok) await park(options, delivery.raw, 'invalid', delivery.reading.reason, shouldContinue);
  }
  const readable = batch.filter(isReadable);
  if (readable.length === 0) return true;
  metrics.batchSize.observe({ lane }, readable.length);
  const end = metrics.batchSeconds.startTimer({ lane });
  const handled = await handle(options, readable, shouldContinue);
  end();
  return !handled || readable.length < batch.length;
}

/** Answers whether all were handled, or else one was parked. */
async function handle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Readable<Message>[],
  shouldContinue: ShouldContinue,
): Promise<boolean> {
  const [first] = batch;
  if (first?.raw.fields.redelivered === true) return settleRedelivered(options, first, shouldContinue);
  if ((await attempt(options, batch, shouldContinue)) === undefined) return true;
  let handled = true;
  for (const delivery of batch) handled = (await settleAlone(options, delivery, shouldContinue)) && handled;
  return handled;
}

/** Processes; answers the error when it is not the infrastructure's, waits and tries again when it is. */
async function attempt<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Readable<Message>[],
  shouldContinue: ShouldContinue,
  run?: Run,
): Promise<Error | undefined> {
  try {
    const inputs: Input<Message>[] = batch.map(({ reading }) => reading.input);
    const handled = await retryTransient(options.log, () => options.process(inputs, run), shouldContinue);
    handled.forEach(({ outcome }, index) => {
      const delivery = batch[index];
      if (delivery) report(options, delivery, outcome);
    });
    return undefined;
  } catch (error) {
    if (error instanceof AbandonedError) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Tries one message; answers whether it was handled, or else it was parked. */
async function settleAlone<State, Message>(
  options: SettlementOptions<State, Message>,
  delivery: Readable<Message>,
  shouldContinue: ShouldContinue,
  run?: Run,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const error = await attempt(options, [delivery], shouldContinue, run);
    if (error === undefined) return true;
    options.log.error({ err: error, message_id: messageIdOf(delivery.raw), tries }, 'a message could not be handled');
    if (tries === TRIES_ALONE) {
      await park(options, delivery.raw, 'dead-letter', `HANDLER_FAILED: ${error.message}`, shouldContinue);
      return false;
    }
    await pause(RETRY_ALONE_MS);
  }
}

/** As settleAlone, with its run counted: it may have taken a process down before. */
async function settleRedelivered<State, Message>(
  options: SettlementOptions<State, Message>,
  delivery: Readable<Message>,
  shouldContinue: ShouldContinue,
): Promise<boolean> {
  const redelivery = await retryTransient(
    options.log,
    () => openRedelivery(options, messageIdOf(delivery.raw)),
    shouldContinue,
  );
  if (redelivery.deaths < DEATHS_MAX) {
    if (await settleAlone(options, delivery, shouldContinue, redelivery)) return true;
  } else {
    const reason = `POISON: the process died ${String(DEATHS_MAX)} times while handling it`;
    await park(options, delivery.raw, 'dead-letter', reason, shouldContinue);
  }
  await retryTransient(options.log, redelivery.forget, shouldContinue);
  return false;
}

function report<State, Message>(
  { log, metrics }: SettlementOptions<State, Message>,
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
      causation_id: reading.causationId,
      trace_id: traceIdOf(reading.input.cause.traceparent),
      attempt: attemptOf(raw),
      outcome,
      ms: Math.round((performance.now() - receivedAtMs) * 10) / 10,
    },
    'handled',
  );
}
