/**
 * The processor: from a batch of inputs to committed decisions.
 *
 *     lock the keys -> load their states -> decide one by one on the evolving states -> write states and outbox rows
 *     -> commit -> publish the rows, start the effects
 *
 * All or nothing: when it rejects, nothing of the batch happened, or (connection lost during COMMIT) all of it did and a
 * second try finds it done.
 */
import { envelop, eventsExchange, type NewEvent } from '@quadrille/shared-events';
import type { Pool, PoolClient } from 'pg';
import { uuidv7 } from 'uuidv7';
import { inTransaction, lockKeys } from '../database/transaction';
import type {
  Decision,
  DelayedEnvelope,
  DelayedMessage,
  Handled,
  Input,
  PublishedEvent,
  RequestedEffect,
} from '../contract/decision';
import type { Store } from '../contract/store';
import { controlExchange, delayRoutingKey } from '../contract/topology';
import { failpoint } from '../timing/failpoint';
import type { Outbox } from './outbox';
import type { OutgoingMessage } from '../broker/outgoing-message';
import type { Run } from '../consuming/death-count';
import { childOf } from '../telemetry/trace';

/** Decides and commits one batch; `run` is that of a message that came again, which is the only one of its batch. */
export type Processor<State, Message> = (
  inputs: readonly Input<Message>[],
  run?: Run,
) => Promise<readonly Handled<State>[]>;

/** What a processor is made of. */
export interface ProcessorOptions<State, Message, Effect, Own> {
  readonly service: string;
  readonly pool: Pool;
  readonly store: Store<State, Message>;
  readonly decide: (state: State, message: Message) => Decision<State, Effect, Own>;
  readonly outbox: Outbox;
  readonly perform: (effects: readonly RequestedEffect<Effect>[]) => void;
  /** Told the states after the commit, for those who wait for one of them. */
  readonly onCommitted?: ((states: readonly State[]) => void) | undefined;
}

/** Creates the processor of a service. */
export function createProcessor<State, Message, Effect, Own>(
  options: ProcessorOptions<State, Message, Effect, Own>,
): Processor<State, Message> {
  const { service, pool, store, decide, outbox } = options;
  return async (inputs, run) => {
    const rows: OutgoingMessage[] = [];
    const effects: RequestedEffect<Effect>[] = [];
    const decideAll = async (tx: PoolClient) => {
      const keys = [...new Set(inputs.map((input) => input.key))];
      // Sent together, answered in order: the snapshot of the second is younger than the locks of the first.
      const [, states] = await Promise.all([lockKeys(tx, keys), store.load(tx, inputs)]);
      await run?.begin();
      const results = inputs.map((input) => {
        const before = states.get(input.key);
        const decision = decide(before, input.message);
        const changed = decision.state !== before;
        const announced = decision.events.map((event) => toRow(service, event, input));
        rows.push(...announced.map(({ row }) => row));
        rows.push(...decision.delayed.map((delayed) => toDelayedRow(service, delayed, input)));
        effects.push(...decision.effects.map((effect) => ({ key: input.key, effect, cause: input.cause })));
        states.put(
          input,
          decision.state,
          changed,
          announced.map(({ published }) => published),
        );
        return { key: input.key, outcome: decision.outcome, changed };
      });
      await failpoint('before_commit', inputs);
      return { states, results };
    };
    const { states, results } = await inTransaction(pool, decideAll, (tx, decided) => [
      ...decided.states.save(),
      outbox.write(tx, rows),
      ...(run ? [run.end(tx)] : []),
    ]).then(
      async (decided) => {
        await run?.finish(true);
        return decided;
      },
      async (error: unknown) => {
        await run?.finish(false);
        throw error;
      },
    );
    const handled = results.map(({ key, outcome, changed }) => ({ state: states.get(key), outcome, changed }));
    await failpoint('after_commit', inputs);
    outbox.publish(rows);
    options.perform(effects);
    options.onCommitted?.(handled.map(({ state }) => state));
    return handled;
  };
}

function toRow(
  service: string,
  { type, data }: NewEvent,
  input: Input<unknown>,
): { row: OutgoingMessage; published: PublishedEvent } {
  const id = uuidv7();
  const time = new Date().toISOString();
  const traceparent = childOf(input.cause.traceparent);
  const event = envelop(type, data, { id, time, causationId: input.cause.messageId, traceparent });
  const row = {
    id,
    exchange: eventsExchange(service),
    routingKey: type,
    orderId: data.orderId,
    traceparent,
    body: JSON.stringify(event),
  };
  return { row, published: { id, type, time } };
}

function toDelayedRow(
  service: string,
  { delayMs, message }: DelayedMessage<unknown>,
  input: Input<unknown>,
): OutgoingMessage {
  const envelope: DelayedEnvelope = { orderId: input.key, causationId: input.cause.messageId, message };
  return {
    id: uuidv7(),
    exchange: controlExchange(service),
    routingKey: delayRoutingKey(delayMs),
    orderId: input.key,
    traceparent: input.cause.traceparent,
    body: JSON.stringify(envelope),
  };
}
