/** A connection: what amqplib gives to a service, the end of it that the broker keeps, and what may befall the way between. */
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
  /** Nothing gets through any more, and nobody is told; both ends notice when they miss heartbeats. */
  silence(): void;
  /** The broker is short of memory, or is not any more: told to whoever publishes meanwhile, and what he publishes waits. */
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

/** Opens a connection; `dropped` is called when the broker finds it closed. */
export function createConnection(context: Context, owner: Owner, name: string, dropped: () => void): Connected {
  const { scheduler } = context;
  const model = new EventEmitter();
  const channels = new Set<Channel>();
  /** Those that the client has: the broker closes none before something was asked of it. */
  const known = new Set<Channel>();
  let clientOpen = true;
  let brokerOpen = true;
  let silent = false;
  let alarmed = false;
  let blocked = false;
  let held: (() => void)[] = [];

  const passes = () => !silent;
  const line: Line = {
    owner,
    toBroker: createWire(context, world, passes),
    toClient: createWire(context, owner, passes),
    whenUnblocked: (run) => {
      if (!alarmed) {
        run();
        return;
      }
      held.push(run);
      if (blocked) return;
      blocked = true;
      tellBlocked();
    },
  };

  const tellBlocked = () => {
    const on = blocked;
    line.toClient(() => {
      if (!clientOpen) return;
      if (on) model.emit('blocked', 'low on memory');
      else model.emit('unblocked');
    });
  };
  const drop = () => {
    if (!brokerOpen) return;
    brokerOpen = false;
    held = [];
    dropped();
    for (const channel of channels) channel.drop();
  };
  const lose = (error: Error | undefined) => {
    if (!clientOpen) return;
    clientOpen = false;
    for (const channel of channels) channel.close(known.has(channel) ? error : undefined);
    if (error) model.emit('error', error);
    model.emit('close', error);
  };
  const notice = (afterMs: number, error: Error | undefined) => {
    scheduler.after(afterMs, owner, () => {
      lose(error);
    });
  };
  const createOn = (confirms: boolean) =>
    new Promise((resolve, reject) => {
      if (!owner.alive) return;
      if (!clientOpen) {
        reject(new Error('Connection closed'));
        return;
      }
      line.toBroker(() => {
        if (!brokerOpen) return;
        const channel = createChannel(context, line, confirms);
        channels.add(channel);
        line.toClient(() => {
          known.add(channel);
          resolve(channel.channel);
        });
      });
    });

  Object.assign(model, {
    connection: {},
    createChannel: () => createOn(false),
    createConfirmChannel: () => createOn(true),
    close: () =>
      new Promise<void>((resolve) => {
        if (!owner.alive) return;
        line.toBroker(() => {
          drop();
          line.toClient(() => {
            lose(undefined);
            resolve();
          });
        });
      }),
  });

  const connection: BrokerConnection = {
    owner,
    name,
    isOpen: () => brokerOpen,
    consumes: () => [...channels].some((channel) => channel.consumes()),
    cut: () => {
      drop();
      notice(context.random.between(LATENCY_MS.least, LATENCY_MS.most), new Error('Unexpected close'));
    },
    silence: () => {
      silent = true;
      scheduler.after(HEARTBEAT_DEATH_MS, world, drop);
      notice(HEARTBEAT_DEATH_MS, new Error('Heartbeat timeout'));
    },
    alarm: (raised) => {
      alarmed = raised;
      if (raised || !blocked || !brokerOpen) return;
      blocked = false;
      tellBlocked();
      const runs = held;
      held = [];
      for (const run of runs) run();
    },
    closeChannel: () => {
      for (const channel of known) {
        channel.drop();
        channels.delete(channel);
        known.delete(channel);
        line.toClient(() => {
          channel.close(new Error('PRECONDITION_FAILED - closed by the broker'));
        });
      }
    },
    cancelConsumer: () => {
      for (const channel of channels) channel.cancelConsumer();
    },
  };
  return { connection, model, drop };
}
