/**
 * A saga participant: everything between a service's decisions and the broker, put together. Inputs come from three
 * sides, each with a lane of its own so that none waits behind another: events from the broker, commands from HTTP and
 * from the sweeper, and the results of effects.
 */
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import type { z } from 'zod';
import type { Connect } from './broker/link-options';
import { createPublisher, type Publisher } from './broker/publisher';
import { BATCH_MAX, FULL_PACE, LOW_PRIORITY_PACE, startConsumer, type Consumer, type Pace } from './consuming/consumer';
import { createReader } from './consuming/message-reader';
import type { Handled, Input, RequestedEffect } from './contract/decision';
import { decideBy, type ServiceTable } from './contract/service-table';
import type { Store } from './contract/store';
import { queuesOf } from './contract/topology';
import type { CommonConfig } from './lifecycle/config';
import type { Foundation } from './lifecycle/service-host';
import { createBatcher, type Batcher } from './processing/batcher';
import { createEffectRunner, EFFECTS_MAX, type EffectRunner } from './processing/effects';
import { isolateFailures, ONCE } from './processing/isolate-failures';
import { countOutcomes, measure } from './processing/measure';
import { createOutbox, type Outbox } from './processing/outbox';
import { createProcessor, type Processor } from './processing/processor';
import { purgeCounts } from './processing/purge';
import { startSweeper } from './processing/sweeper';
import { createSemaphore } from './timing/semaphore';
import { withTimeout } from './timing/timeout';

/** Commands that may wait for their batch; beyond it a request is answered 503: at 2,000 a second, these take 2.5 s. */
const COMMANDS_WAITING_MAX = 5_000;

/** Results of effects that may wait for their batch; more than effects that can run at once. */
const RESULTS_WAITING_MAX = 10_000;

/**
 * Effects that may be running when messages of low priority ask for further ones: half of them are kept for the others.
 * While these alone use more than half, retries wait, and the sweeper takes up those whose time is long past.
 */
const LOW_PRIORITY_EFFECTS_MAX = EFFECTS_MAX / 2;

/** How long what was fetched may take after the service was asked to stop; the broker delivers the rest again. */
const DRAIN_STOP_MS = 2_000;

/** How long effects may finish after that, a little longer than a gateway's answer; the sweeper takes up the others. */
const EFFECTS_STOP_MS = 2_500;

/** How long the outbox may wait for confirms after that; the relay of the next start sends the others. */
const OUTBOX_STOP_MS = 1_000;

/** What a participant is made of; a service's own participant.ts says all that does not depend on where it runs. */
export interface ParticipantOptions<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
> extends Foundation {
  readonly table: ServiceTable<State, Heard, Own, Effect>;
  readonly config: Pick<CommonConfig, 'RABBITMQ_URL'>;
  readonly store: Store<State, NoInfer<DomainEvent<Heard> | Own>>;
  /** How to connect to the broker; over TCP by default. */
  readonly connect?: Connect | undefined;
  /** The schema of the service's messages to itself, when it has delays. */
  readonly own?: z.ZodType<Own>;
  /** Performs an effect; its answer, if any, goes back to the decision. */
  readonly perform?: (requested: RequestedEffect<Effect>) => Promise<Own | undefined>;
  /** Returns at most `limit` inputs for what is overdue by the database's clock. */
  readonly overdue: (limit: number) => Promise<readonly Input<Own>[]>;
  /** Told the states of every committed batch. */
  readonly onCommitted?: (states: readonly State[]) => void;
}

/** A participant. */
export interface Participant<State, Message> {
  /** Starts its links, lanes and timers; the links connect as soon as the broker is there. Throws the second time. */
  readonly start: () => void;
  /**
   * Brings a command to its decision; resolves after the commit. Rejects with OverloadedError when too many wait.
   * Throws before start().
   */
  readonly command: (input: Input<Message>) => Promise<Handled<State>>;
  /** What keeps this participant from its work, by name; empty when nothing does. */
  readonly problems: () => Readonly<Record<string, string>>;
  /** Finishes what was begun, in order, and closes its links. */
  readonly stop: () => Promise<void>;
}

/** Puts a participant together. Nothing connects, and no timer runs, before start(). */
export function createParticipant<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
>(options: ParticipantOptions<State, Heard, Own, Effect>): Participant<State, DomainEvent<Heard> | Own> {
  const { name } = options.table;
  let started: Started<State, DomainEvent<Heard> | Own> | undefined;
  return {
    start: () => {
      if (started) throw new Error(`${name} is started already`);
      started = startParts(options);
    },
    command: (input) => {
      if (!started) throw new Error(`${name} is not started`);
      return started.command(input);
    },
    problems: () => started?.problems() ?? { participant: 'not started' },
    stop: () => started?.stop() ?? Promise.resolve(),
  };
}

type Started<State, Message> = Omit<Participant<State, Message>, 'start'>;

/** From an input to a committed decision, and what follows from it: everything but the consumers. */
interface Processing<State, Message, Effect> {
  readonly publisher: Publisher;
  readonly outbox: Outbox;
  readonly effects: EffectRunner<Effect>;
  readonly process: Processor<State, Message>;
  readonly commands: Batcher<Input<Message>, Handled<State>>;
  readonly results: Batcher<Input<Message>, Handled<State>>;
}

function startProcessing<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
>(options: ParticipantOptions<State, Heard, Own, Effect>): Processing<State, DomainEvent<Heard> | Own, Effect> {
  type Message = DomainEvent<Heard> | Own;
  const { table, config, connect, log, metrics, pool, store, onCommitted } = options;
  const publisher = createPublisher({
    url: config.RABBITMQ_URL,
    connect,
    service: table.name,
    log,
    onReady: () => {
      outbox.wake();
    },
  });
  const outbox = createOutbox({ pool, publisher, log, metrics });
  const effects: EffectRunner<Effect> = createEffectRunner({
    log,
    metrics,
    run: async (requested) => {
      const answer = await options.perform?.(requested);
      if (answer !== undefined) await results.submit({ key: requested.key, message: answer, cause: requested.cause });
    },
  });
  const { perform } = effects;
  const decide = decideBy(table);
  const process = countOutcomes(
    createProcessor<State, Message, Effect, Own>({
      service: table.name,
      pool,
      store,
      decide,
      outbox,
      perform,
      onCommitted,
    }),
    metrics,
  );
  const laneOf = (lane: 'commands' | 'effects', waiting: number) =>
    createBatcher({ batch: BATCH_MAX, waiting }, measure(isolateFailures(process, ONCE), metrics, lane));
  const commands = laneOf('commands', COMMANDS_WAITING_MAX);
  const results = laneOf('effects', RESULTS_WAITING_MAX);
  return { publisher, outbox, effects, process, commands, results };
}

/** The consumers of a service's queues: its own, and that of low priority if it has one. */
function startConsumers<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
>(
  options: ParticipantOptions<State, Heard, Own, Effect>,
  { publisher, effects, process }: Processing<State, DomainEvent<Heard> | Own, Effect>,
): readonly Consumer[] {
  const { table, config, connect, log, metrics, pool, own } = options;
  const lingering = new Set<string>(table.lingers === 'all' ? Object.keys(table.hears) : table.lingers);
  // Object.keys is typed string[]; the table's keys are exactly the events that it hears.
  const hears = Object.keys(table.hears) as Heard[];
  const shared = {
    url: config.RABBITMQ_URL,
    connect,
    service: table.name,
    log,
    metrics,
    pool,
    takeTurn: createSemaphore(1),
    publisher,
    read: createReader<Heard, Own>({ service: table.name, hears, own }),
    lingers: (type: string) => lingering.has(type),
    process,
  };
  const consume = (lane: string, queue: string, pace: Pace, effectsMax: number) =>
    startConsumer({
      ...shared,
      lane,
      queue,
      pace,
      capacity: () => Promise.all([publisher.capacity(), effects.capacity(effectsMax)]),
    });
  const consumers = [consume('consumer', table.name, FULL_PACE, EFFECTS_MAX)];
  const [, lowPriorityQueue] = queuesOf(table);
  if (lowPriorityQueue !== undefined)
    consumers.push(consume('low-priority consumer', lowPriorityQueue, LOW_PRIORITY_PACE, LOW_PRIORITY_EFFECTS_MAX));
  return consumers;
}

/** What keeps the links to the broker from their work, by name. */
function problemsOf(publisher: Publisher, consumers: readonly Consumer[]): Readonly<Record<string, string>> {
  const { blocked, ...publishing } = publisher.state();
  const links = [
    { name: 'publisher', heldUp: false, ...publishing },
    ...consumers.map(({ lane, state }) => ({ name: lane, ...state() })),
  ];
  const wrong = links.flatMap(({ name, open, heldUp, lastError }) => {
    if (!open) return [[name, lastError ?? 'connecting'] as const];
    return heldUp ? [[name, 'what it fetched fails again and again: the log says why'] as const] : [];
  });
  return { ...Object.fromEntries<string>(wrong), ...(blocked === undefined ? {} : { publishing: blocked }) };
}

/** Creates the parts of a participant; publisher, outbox, consumers and sweeper start as they are created. */
function startParts<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
>(options: ParticipantOptions<State, Heard, Own, Effect>): Started<State, DomainEvent<Heard> | Own> {
  type Message = DomainEvent<Heard> | Own;
  const { log, metrics, pool } = options;
  const processing = startProcessing(options);
  const { publisher, outbox, effects, commands, results } = processing;
  const consumers = startConsumers(options, processing);
  const command = (input: Input<Message>) => commands.submit(input);
  const sweeper = startSweeper<Message>({
    overdue: async (limit) => {
      await effects.capacity(EFFECTS_MAX);
      return options.overdue(limit);
    },
    submit: command,
    purge: () => purgeCounts(pool),
    log,
    metrics,
  });

  metrics.gauge('publishes_in_flight', 'Messages sent and not yet confirmed by the broker', () =>
    publisher.unconfirmed(),
  );
  metrics.gauge('effects_running', 'Effects running now', () => effects.running());
  metrics.gauge('commands_waiting', 'Commands waiting for their batch', () => commands.waiting());

  return {
    command,
    problems: () => problemsOf(publisher, consumers),
    stop: async () => {
      const drained = Promise.all([sweeper.stop(), ...consumers.map(({ drain }) => drain()), commands.idle()]);
      await withTimeout(drained, DRAIN_STOP_MS, leave);
      await withTimeout(effects.idle().then(results.idle), EFFECTS_STOP_MS, leave);
      await withTimeout(outbox.stop(), OUTBOX_STOP_MS, leave);
      await Promise.all([...consumers.map(({ stop }) => stop()), publisher.stop()]);
    },
  };
}

/** What is not finished in time is left: the broker, the sweeper or the relay brings it again. */
const leave = () => undefined;
