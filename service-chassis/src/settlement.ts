/**
 * Settling: every delivery of a batch is decided and committed, or parked in `<service>.invalid` or
 * `<service>.dead-letter`. Acking is the consumer's; see there for the rules.
 */
import type { ConsumeMessage } from 'amqplib';
import type { Pool } from 'pg';
import { backoffMs, pause } from './backoff';
import { isTransient } from './database';
import type { Input } from './decision';
import { attemptOf, claimedType, messageIdOf, shortString, type Reading } from './delivery';
import { historyOf } from './parked-history';
import type { Logger } from './log';
import type { ServiceMetrics } from './metrics';
import { controlExchange, type Processor } from './processor';
import type { Publisher } from './publisher';
import { traceIdOf } from './trace';

/** Tries of a message that fails alone, for a reason that is not the infrastructure's. */
const TRIES_ALONE = 3;

/** Runs of a redelivered message that may end with the death of the process before it is called poison. */
const DEATHS_MAX = 3;

/** Pauses while the database or the broker is away. */
const RETRY = { firstMs: 100, maxMs: 5_000 };

/** Pause between two tries of a message that fails alone. */
const RETRY_ALONE_MS = 100;

/** Longest reason in a header, in characters: enough to act on, short enough for the management UI. */
const REASON_MAX_LENGTH = 500;

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

/** The channel is gone, or the service stops and cannot finish: these deliveries come back on another channel. */
export class GivenUpError extends Error {}

/** Whether deliveries are worth another try after so many failures of the infrastructure. */
export type Worthwhile = (failures: number) => boolean;

/** Brings one batch to its end: every message decided and committed, or parked. Rejects with GivenUpError only. */
export async function settle<State, Message>(
  options: SettlementOptions<State, Message>,
  batch: readonly Delivery<Message>[],
  worthwhile: Worthwhile,
): Promise<void> {
  const { metrics, lane } = options;
  for (const delivery of batch) {
    if (!delivery.reading.ok) await park(options, delivery, 'invalid', delivery.reading.reason, worthwhile);
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
    const handled = await patiently(options, () => options.process(inputs), worthwhile);
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
      await park(options, delivery, 'dead-letter', `HANDLER_FAILED: ${error.message}`, worthwhile);
      return;
    }
    await pause(RETRY_ALONE_MS);
  }
}

/** Each is also asked by the laws that the simulation's database is held to. */
export const COUNT_RUN = {
  name: 'delivery-attempt',
  text: `INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, 1)
    ON CONFLICT (message_id) DO UPDATE SET attempts = delivery_attempt.attempts + 1, updated_at = now()
    RETURNING attempts`,
};
export const UNCOUNT_RUN = {
  name: 'delivery-attempt-uncount',
  text: 'UPDATE delivery_attempt SET attempts = attempts - 1 WHERE message_id = $1',
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
  const values = [messageIdOf(delivery.raw)] as const;
  const attempts = await countRun(options, values, worthwhile);
  try {
    if (attempts <= DEATHS_MAX) await settleAlone(options, delivery, worthwhile);
    else {
      const reason = `POISON: the process died ${String(DEATHS_MAX)} times while handling it`;
      await park(options, delivery, 'dead-letter', reason, worthwhile);
    }
    await forgetRuns(options, values, worthwhile);
  } catch (error) {
    // This run did not end with the death of the process: it must not count as one.
    await pool.query({ ...UNCOUNT_RUN, values: [...values] }).catch(() => undefined);
    throw error;
  }
}

/** Counts this run before it begins. A count that fails for a reason of its own must not keep the message from its decision. */
async function countRun<State, Message>(
  options: SettlementOptions<State, Message>,
  values: readonly [string],
  worthwhile: Worthwhile,
): Promise<number> {
  try {
    const count = () => options.pool.query<{ attempts: number }>({ ...COUNT_RUN, values: [...values] });
    const { rows } = await patiently(options, count, worthwhile);
    return rows[0]?.attempts ?? 1;
  } catch (error) {
    if (error instanceof GivenUpError) throw error;
    options.log.error(
      { err: error, message_id: values[0] },
      'a redelivery could not be counted; it is tried uncounted',
    );
    return 1;
  }
}

/** The message is settled whatever becomes of its count: a row left behind only makes a later repetition count from there. */
async function forgetRuns<State, Message>(
  options: SettlementOptions<State, Message>,
  values: readonly [string],
  worthwhile: Worthwhile,
): Promise<void> {
  try {
    await patiently(options, () => options.pool.query({ ...FORGET_RUNS, values: [...values] }), worthwhile);
  } catch (error) {
    if (error instanceof GivenUpError) throw error;
    options.log.error({ err: error, message_id: values[0] }, 'the count of a settled message could not be deleted');
  }
}

/** Tries again for as long as the infrastructure is at fault and the channel is alive. */
async function patiently<State, Message, Result>(
  { log }: SettlementOptions<State, Message>,
  work: () => Promise<Result>,
  worthwhile: Worthwhile,
): Promise<Result> {
  for (let failures = 0; ; failures++) {
    if (!worthwhile(failures)) throw new GivenUpError();
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
  options: SettlementOptions<State, Message>,
  { raw }: Delivery<Message>,
  queue: 'invalid' | 'dead-letter',
  reason: string,
  worthwhile: Worthwhile,
): Promise<void> {
  const { service, log, metrics, publisher } = options;
  const id = messageIdOf(raw);
  for (let failures = 0; ; failures++) {
    if (!worthwhile(failures)) throw new GivenUpError();
    const result = await new Promise((resolve) => {
      publisher.publish(
        {
          id,
          exchange: controlExchange(service),
          routingKey: queue,
          orderId: shortString(raw.properties.correlationId) ?? '',
          traceparent: undefined,
          body: raw.content,
          type: claimedType(raw),
          contentType: shortString(raw.properties.contentType) ?? 'application/octet-stream',
          headers: {
            'x-reason': reason.slice(0, REASON_MAX_LENGTH),
            'x-original-exchange': raw.fields.exchange,
            'x-original-routing-key': raw.fields.routingKey,
            ...historyOf(raw),
          },
        },
        resolve,
      );
    });
    if (result === 'confirmed') break;
    log.warn(
      { message_id: id, reason, result, failures },
      'a message could not be parked; nothing is consumed meanwhile',
    );
    await pause(backoffMs(failures, RETRY));
  }
  metrics.parked.inc({ queue });
  log.warn({ event: claimedType(raw), message_id: id, queue: `${service}.${queue}`, reason }, 'message parked');
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
