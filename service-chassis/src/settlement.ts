/**
 * Settling: every delivery of a batch is decided and committed, or parked in `<service>.invalid` or
 * `<service>.dead-letter`. Acking is the consumer's; see there for the rules.
 */
import type { ConsumeMessage } from 'amqplib';
import type { Pool } from 'pg';
import { pause } from './backoff';
import type { Input } from './decision';
import { attemptOf, messageIdOf, type Reading } from './delivery';
import type { Logger } from './log';
import type { ServiceMetrics } from './metrics';
import { park } from './park';
import { GivenUpError, patiently, type Worthwhile } from './patience';
import type { Processor } from './processor';
import type { Publisher } from './publisher';
import { traceIdOf } from './trace';

/** Tries of a message that fails alone, for a reason that is not the infrastructure's. */
const TRIES_ALONE = 3;

/** Runs of a redelivered message that may end with the death of the process before it is called poison. */
const DEATHS_MAX = 3;

/** Pause between two tries of a message that fails alone. */
const RETRY_ALONE_MS = 100;

/** What settling needs. */
export interface SettlementOptions<State, Message> {
  readonly service: string;
  /** Names the consumer in the metrics of batches. */
  readonly lane: string;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly pool: Pool;
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

/** Brings one batch to its end: every message decided and committed, or parked. Rejects with GivenUpError only. */
export async function settle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Delivery<Message>[],
  worthwhile: Worthwhile,
): Promise<void> {
  const { metrics, lane } = options;
  for (const delivery of batch) {
    if (!delivery.reading.ok) await park(options, delivery.raw, 'invalid', delivery.reading.reason, worthwhile);
  }
  const readable = batch.filter(isReadable);
  if (readable.length === 0) return;
  metrics.batchSize.observe({ lane }, readable.length);
  const end = metrics.batchSeconds.startTimer({ lane });
  const [first] = readable;
  if (first?.raw.fields.redelivered === true) await settleRedelivered(options, first, worthwhile);
  else {
    const error = await attempt(options, readable, worthwhile);
    if (error !== undefined) for (const delivery of readable) await settleAlone(options, delivery, worthwhile);
  }
  end();
}

/** Processes; answers the error when it is not the infrastructure's, waits and tries again when it is. */
async function attempt<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Readable<Message>[],
  worthwhile: Worthwhile,
): Promise<Error | undefined> {
  try {
    const inputs: Input<Message>[] = batch.map(({ reading }) => reading.input);
    const handled = await patiently(options.log, () => options.process(inputs), worthwhile);
    handled.forEach(({ outcome }, index) => {
      const delivery = batch[index];
      if (delivery) report(options, delivery, outcome);
    });
    return undefined;
  } catch (error) {
    if (error instanceof GivenUpError) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function settleAlone<State, Message>(
  options: SettlementOptions<State, Message>,
  delivery: Readable<Message>,
  worthwhile: Worthwhile,
) {
  for (let tries = 1; ; tries++) {
    const error = await attempt(options, [delivery], worthwhile);
    if (error === undefined) return;
    options.log.error({ err: error, message_id: messageIdOf(delivery.raw), tries }, 'a message could not be handled');
    if (tries === TRIES_ALONE) {
      await park(options, delivery.raw, 'dead-letter', `HANDLER_FAILED: ${error.message}`, worthwhile);
      return;
    }
    await pause(RETRY_ALONE_MS);
  }
}

/** Each is also asked by the laws that the simulation's database is held to. */
export const RUNS = {
  name: 'delivery-attempt-runs',
  text: 'SELECT attempts FROM delivery_attempt WHERE message_id = $1',
};
/** Says how many runs there were, and not that there was one more: whoever gets no answer may say it again. */
export const SET_RUNS = {
  name: 'delivery-attempt',
  text: `INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, $2)
    ON CONFLICT (message_id) DO UPDATE SET attempts = excluded.attempts, updated_at = now()`,
};
export const FORGET_RUNS = {
  name: 'delivery-attempt-done',
  text: 'DELETE FROM delivery_attempt WHERE message_id = $1',
};

async function settleRedelivered<State, Message>(
  options: SettlementOptions<State, Message>,
  delivery: Readable<Message>,
  worthwhile: Worthwhile,
) {
  const { pool } = options;
  const id = messageIdOf(delivery.raw);
  const before = await countRun(options, id, worthwhile);
  try {
    if (before < DEATHS_MAX) await settleAlone(options, delivery, worthwhile);
    else {
      const reason = `POISON: the process died ${String(DEATHS_MAX)} times while handling it`;
      await park(options, delivery.raw, 'dead-letter', reason, worthwhile);
    }
    await forgetRuns(options, id, worthwhile);
  } catch (error) {
    // This run did not end with the death of the process: it must not count as one.
    await pool.query({ ...SET_RUNS, values: [id, before] }).catch(() => undefined);
    throw error;
  }
}

/**
 * Counts this run before it begins; answers how many there were before it. A count that fails for a reason of its own must not keep the
 * message from its decision.
 */
async function countRun<State, Message>(
  { pool, log }: SettlementOptions<State, Message>,
  id: string,
  worthwhile: Worthwhile,
): Promise<number> {
  try {
    const read = () => pool.query<{ attempts: number }>({ ...RUNS, values: [id] });
    const { rows } = await patiently(log, read, worthwhile);
    const before = rows[0]?.attempts ?? 0;
    try {
      await patiently(log, () => pool.query({ ...SET_RUNS, values: [id, before + 1] }), worthwhile);
    } catch (error) {
      // Perhaps it was counted and nobody heard of it: a run that did not begin must not count.
      await pool.query({ ...SET_RUNS, values: [id, before] }).catch(() => undefined);
      throw error;
    }
    return before;
  } catch (error) {
    if (error instanceof GivenUpError) throw error;
    log.error({ err: error, message_id: id }, 'a redelivery could not be counted; it is tried uncounted');
    return 0;
  }
}

/** The message is settled whatever becomes of its count: a row left behind only makes a later repetition count from there. */
async function forgetRuns<State, Message>(
  options: SettlementOptions<State, Message>,
  id: string,
  worthwhile: Worthwhile,
): Promise<void> {
  try {
    await patiently(options.log, () => options.pool.query({ ...FORGET_RUNS, values: [id] }), worthwhile);
  } catch (error) {
    if (error instanceof GivenUpError) throw error;
    options.log.error({ err: error, message_id: id }, 'the count of a settled message could not be deleted');
  }
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
