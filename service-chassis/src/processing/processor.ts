/**
 * The processor: from a batch of inputs to committed decisions.
 *
 *     lock the keys -> load their states -> decide one by one on the evolving states -> write states and outbox rows
 *     -> commit -> publish the rows, start the effects
 *
 * All or nothing: when it rejects, nothing of the batch happened, or (connection lost during COMMIT) all of it did and
 * a second try finds it done.
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
import type { Store, WorkingSet } from '../contract/store';
import { controlExchange, delayRoutingKey } from '../contract/topology';
import { failpoint } from '../timing/failpoint';
import type { Outbox } from './outbox';
import type { OutgoingMessage } from '../broker/outgoing-message';
import { childOf } from '../telemetry/trace';

/** What else happens in the transaction of a batch, in the order of its calls. */
export interface TransactionHooks {
  /** The states are loaded, the decision is next. */
  readonly beforeDecide: () => Promise<void>;
  /** Written along with the states. */
  readonly lastWrites: (tx: PoolClient) => readonly Promise<unknown>[];
  /** The transaction is over; called exactly once, also when it never began. */
  readonly afterwards: (committed: boolean) => Promise<void>;
}

/** Decides and commits one batch, all or nothing. */
export type Processor<State, Message> = (
  inputs: readonly Input<Message>[],
  hooks?: TransactionHooks,
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

/** A batch that is decided and not yet committed. */
interface Decided<State, Message, Effect> {
  readonly states: WorkingSet<State, Message>;
  readonly results: readonly { readonly key: string; readonly outcome: string; readonly changed: boolean }[];
  readonly rows: readonly OutgoingMessage[];
  readonly effects: readonly RequestedEffect<Effect>[];
}

/** Decides one input after the other on the evolving states. */
function decideAll<State, Message, Effect, Own>(
  { service, decide }: ProcessorOptions<State, Message, Effect, Own>,
  states: WorkingSet<State, Message>,
  inputs: readonly Input<Message>[],
): Decided<State, Message, Effect> {
  const rows: OutgoingMessage[] = [];
  const effects: RequestedEffect<Effect>[] = [];
  const results = inputs.map((input) => {
    const { key, cause } = input;
    const before = states.get(key);
    const decision = decide(before, input.message);
    const changed = decision.state !== before;
    const events = decision.events.map((event) => toRow(service, event, input));
    rows.push(...events.map(({ row }) => row));
    rows.push(...decision.delayed.map((delayed) => toDelayedRow(service, delayed, input)));
    effects.push(...decision.effects.map((effect) => ({ key, effect, cause })));
    const published = events.map(({ published }) => published);
    states.put(input, decision.state, changed, published);
    return { key, outcome: decision.outcome, changed };
  });
  return { states, results, rows, effects };
}

/** Creates the processor of a service. */
export function createProcessor<State, Message, Effect, Own>(
  options: ProcessorOptions<State, Message, Effect, Own>,
): Processor<State, Message> {
  const { pool, store, outbox } = options;

  const commit = async (inputs: readonly Input<Message>[], hooks: TransactionHooks | undefined) => {
    const decideUnderLock = async (tx: PoolClient) => {
      const keys = [...new Set(inputs.map((input) => input.key))];
      // Sent together, answered in order: the snapshot of the second is younger than the locks of the first.
      const [, states] = await Promise.all([lockKeys(tx, keys), store.load(tx, inputs)]);
      await hooks?.beforeDecide();
      const decided = decideAll(options, states, inputs);
      await failpoint('before_commit', inputs);
      return decided;
    };
    let committed = false;
    try {
      const decided = await inTransaction(pool, decideUnderLock, (tx, { states, rows }) => [
        ...states.save(),
        outbox.write(tx, rows),
        ...(hooks?.lastWrites(tx) ?? []),
      ]);
      committed = true;
      return decided;
    } finally {
      await hooks?.afterwards(committed);
    }
  };

  return async (inputs, hooks) => {
    const { states, results, rows, effects } = await commit(inputs, hooks);
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
