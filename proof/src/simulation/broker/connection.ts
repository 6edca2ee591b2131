/**
 * A connection: what amqplib gives to a service, the end of it that the broker keeps, and what may befall the way
 * between.
 */
import { EventEmitter } from 'node:events';
import { world, type Owner } from '../engine/scheduler';
import { createChannel, type Channel } from './channel';
import { createWire, LATENCY_MS, type Context, type Line } from './wire';

/** A silent peer is dead after two heartbeats of 10 s (service-chassis/src/broker/link.ts). */
const HEARTBEAT_DEATH_MS = 20_000;

/** What the broker may do to a connection. */
export interface BrokerConnection {
  readonly owner: Owner;
  /** The connection_name of the client: `order-service publish`. */
  readonly name: string;
  readonly isOpen: () => boolean;
  /** Whether it consumes from a queue. */
  readonly consumes: () => boolean;
  /** The broker or the network cuts the connection. */
  cut(): void;
  /** Nothing gets through any more, and neither end is told; both ends notice when they miss heartbeats. */
  silence(): void;
  /**
   * The broker is short of memory, or is not any more: clients that publish meanwhile are told, and what they publish
   * waits.
   */
  alarm(raised: boolean): void;
  /** The broker closes the channel, as it does after an error. */
  closeChannel(): void;
  /** The broker cancels the consumer, as it does when a queue goes. */
  cancelConsumer(): void;
}

/** Both ends of a connection. */
export interface Connected {
  readonly connection: BrokerConnection;
  readonly model: EventEmitter;
  /** The broker finds the connection closed. */
  readonly drop: () => void;
}

/** Both ends of a connection, and the way between. */
interface State {
  readonly context: Context;
  readonly line: Line;
  readonly model: EventEmitter;
  readonly channels: Set<Channel>;
  /** Those that the client has: the broker closes none before something was asked of it. */
  readonly known: Set<Channel>;
  clientOpen: boolean;
  brokerOpen: boolean;
  silent: boolean;
  alarmed: boolean;
  /** Whether the client has been told that it is blocked. */
  blocked: boolean;
  /** Publishes that wait until the alarm is over. */
  held: (() => void)[];
  /** Tells the server that the connection is closed. */
  readonly dropped: () => void;
}

/** Opens a connection; `dropped` is called when the broker finds it closed. */
export function createConnection(context: Context, owner: Owner, name: string, dropped: () => void): Connected {
  const passes = () => !state.silent;
  const state: State = {
    context,
    line: {
      owner,
      toBroker: createWire(context, world, passes),
      toClient: createWire(context, owner, passes),
      whenUnblocked: (run) => {
        whenUnblocked(state, run);
      },
    },
    model: new EventEmitter(),
    channels: new Set(),
    known: new Set(),
    clientOpen: true,
    brokerOpen: true,
    silent: false,
    alarmed: false,
    blocked: false,
    held: [],
    dropped,
  };
  Object.assign(state.model, clientOf(state));
  return {
    connection: brokerEndOf(state, name),
    model: state.model,
    drop: () => {
      drop(state);
    },
  };
}

/** What the services use of amqplib's connection, besides its events. */
const clientOf = (state: State) => ({
  connection: {},
  createChannel: () => openChannel(state, false),
  createConfirmChannel: () => openChannel(state, true),
  close: () =>
    new Promise<void>((resolve) => {
      const { owner, toBroker, toClient } = state.line;
      if (!owner.alive) return;
      toBroker(() => {
        drop(state);
        toClient(() => {
          lose(state, undefined);
          resolve();
        });
      });
    }),
});

/** What the broker may do to the connection. */
function brokerEndOf(state: State, name: string): BrokerConnection {
  const { context, line, channels } = state;
  return {
    owner: line.owner,
    name,
    isOpen: () => state.brokerOpen,
    consumes: () => [...channels].some((channel) => channel.consumes()),
    cut: () => {
      drop(state);
      notice(state, context.random.between(LATENCY_MS.least, LATENCY_MS.most), new Error('Unexpected close'));
    },
    silence: () => {
      state.silent = true;
      context.scheduler.after(HEARTBEAT_DEATH_MS, world, () => {
        drop(state);
      });
      notice(state, HEARTBEAT_DEATH_MS, new Error('Heartbeat timeout'));
    },
    alarm: (raised) => {
      alarm(state, raised);
    },
    closeChannel: () => {
      closeChannels(state);
    },
    cancelConsumer: () => {
      for (const channel of channels) channel.cancelConsumer();
    },
  };
}

function openChannel(state: State, confirms: boolean): Promise<Channel['channel']> {
  const { context, line, channels, known } = state;
  return new Promise((resolve, reject) => {
    if (!line.owner.alive) return;
    if (!state.clientOpen) {
      reject(new Error('Connection closed'));
      return;
    }
    line.toBroker(() => {
      if (!state.brokerOpen) return;
      const channel = createChannel(context, line, confirms);
      channels.add(channel);
      line.toClient(() => {
        known.add(channel);
        resolve(channel.channel);
      });
    });
  });
}

/** Runs a publish, or holds it back while there is an alarm; the first one that is held back blocks the client. */
function whenUnblocked(state: State, run: () => void): void {
  if (!state.alarmed) {
    run();
    return;
  }
  state.held.push(run);
  if (state.blocked) return;
  state.blocked = true;
  tellBlocked(state);
}

function tellBlocked(state: State): void {
  const { blocked, line, model } = state;
  line.toClient(() => {
    if (!state.clientOpen) return;
    if (blocked) model.emit('blocked', 'low on memory');
    else model.emit('unblocked');
  });
}

/** The alarm is raised or is over; when it is over, what was held back goes on. */
function alarm(state: State, raised: boolean): void {
  state.alarmed = raised;
  if (raised || !state.blocked || !state.brokerOpen) return;
  state.blocked = false;
  tellBlocked(state);
  const runs = state.held;
  state.held = [];
  for (const run of runs) run();
}

/** The broker closes the channels that the client has, as it does after an error. */
function closeChannels({ known, channels, line }: State): void {
  for (const channel of known) {
    channel.drop();
    channels.delete(channel);
    known.delete(channel);
    line.toClient(() => {
      channel.close(new Error('PRECONDITION_FAILED - closed by the broker'));
    });
  }
}

/** The broker's end goes. */
function drop(state: State): void {
  if (!state.brokerOpen) return;
  state.brokerOpen = false;
  state.held = [];
  state.dropped();
  for (const channel of state.channels) channel.drop();
}

/** The client's end goes after a while, when the client notices. */
function notice(state: State, afterMs: number, error: Error): void {
  state.context.scheduler.after(afterMs, state.line.owner, () => {
    lose(state, error);
  });
}

/** The client's end goes, with what amqplib says then. */
function lose(state: State, error: Error | undefined): void {
  const { channels, known, model } = state;
  if (!state.clientOpen) return;
  state.clientOpen = false;
  for (const channel of channels) channel.close(known.has(channel) ? error : undefined);
  if (error) model.emit('error', error);
  model.emit('close', error);
}
