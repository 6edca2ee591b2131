/**
 * Settling: every delivery of a batch is decided and committed, or parked in `<service>.invalid` or
 * `<service>.dead-letter`. Acking is the consumer's; see there for the rules.
 */
import type { ConsumeMessage } from 'amqplib';
import type { Publisher } from '../broker/publisher';
import { openDeathCount, type DeathCountOptions } from '../processing/death-count';
import { isolateFailures, type Isolation } from '../processing/isolate-failures';
import { measure } from '../processing/measure';
import type { Processor, TransactionHooks } from '../processing/processor';
import { retryTransient } from '../processing/retry-transient';
import type { ServiceMetrics } from '../telemetry/metrics';
import { traceIdOf } from '../telemetry/trace';
import type { Patience } from '../timing/retry';
import { attemptOf, messageIdOf, type Reading } from './message-reader';
import { park } from './park';

/** Tries of a message that fails alone, for a reason that is not the infrastructure's. */
const TRIES_ALONE = 3;

/** Pause between two tries of a message that fails alone. */
const RETRY_ALONE_MS = 100;

/** Runs of a redelivered message that may end with the death of the process before it is called poison. */
const DEATHS_MAX = 3;

/** What settling needs. */
export interface SettlementOptions<State, Message> extends DeathCountOptions {
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

/** How a batch ended: all of it was decided and committed, or some of it was parked. */
export type Settled = 'committed' | 'parked';

/**
 * Brings one batch to its end. Rejects with AbandonedError when the patience is at its end: what was decided by then is
 * found done when it comes again.
 */
export async function settle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Delivery<Message>[],
  patience: Patience,
): Promise<Settled> {
  let settled: Settled = 'committed';
  for (const { raw, reading } of batch) {
    if (reading.ok) continue;
    await park(options, raw, 'invalid', reading.reason, patience);
    settled = 'parked';
  }
  const readable = batch.filter(isReadable);
  const [first] = readable;
  if (!first) return settled;
  const decided = first.raw.fields.redelivered
    ? await settleRedelivered(options, first, patience)
    : await settleFresh(options, readable, patience);
  return decided === 'parked' ? decided : settled;
}

/** Decides a batch; what cannot be handled is parked. */
async function settleFresh<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Readable<Message>[],
  patience: Patience,
): Promise<Settled> {
  const results = await handle(options, batch, patience);
  let settled: Settled = 'committed';
  for (const [index, { raw }] of batch.entries()) {
    const result = results[index];
    if (!(result instanceof Error)) continue;
    await park(options, raw, 'dead-letter', failed(result), patience);
    settled = 'parked';
  }
  return settled;
}

/** Decides one message that came again, with its run counted: it may have taken a process down before. */
async function settleRedelivered<State, Message>(
  options: SettlementOptions<State, Message>,
  delivery: Readable<Message>,
  patience: Patience,
): Promise<Settled> {
  const { log } = options;
  const { raw } = delivery;
  const count = await retryTransient(() => openDeathCount(options, messageIdOf(raw)), log, patience);
  let reason = `POISON: the process died ${String(DEATHS_MAX)} times while handling it`;
  if (count.deaths < DEATHS_MAX) {
    const [result] = await handle(options, [delivery], patience, count.hooks);
    if (!(result instanceof Error)) return 'committed';
    reason = failed(result);
  }
  await park(options, raw, 'dead-letter', reason, patience);
  await retryTransient(count.forget, log, patience);
  return 'parked';
}

const failed = ({ message }: Error) => `HANDLER_FAILED: ${message}`;

/** The failure policy of deliveries, composed (see handle-batch.ts). */
function handle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Readable<Message>[],
  patience: Patience,
  hooks?: TransactionHooks,
) {
  const { log, metrics, lane } = options;
  const process = async (deliveries: readonly Readable<Message>[]) => {
    const inputs = deliveries.map(({ reading }) => reading.input);
    const handled = await retryTransient(() => options.process(inputs, hooks), log, patience);
    for (const [index, delivery] of deliveries.entries()) report(options, delivery, handled[index]?.outcome);
    return handled;
  };
  const alone: Isolation<Readable<Message>> = {
    tries: TRIES_ALONE,
    pauseMs: RETRY_ALONE_MS,
    onFailure: (error, { raw }, tries) => {
      log.error({ err: error, message_id: messageIdOf(raw), tries }, 'a message could not be handled');
    },
  };
  return measure(isolateFailures(process, alone), metrics, lane)(batch);
}

function report<State, Message>(
  { log }: SettlementOptions<State, Message>,
  { raw, reading, receivedAtMs }: Readable<Message>,
  outcome: string | undefined,
): void {
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
