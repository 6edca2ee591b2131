/**
 * Connections and channels to the broker in memory: what the services use of amqplib. One file, though a long one, because a
 * connection and its channels end together and share the state of that end.
 */
import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import type { Random } from '../random';
import { world, type Owner, type Scheduler } from '../scheduler';
import type { Message, Queued, Queues, Routed } from './broker';

/** One way between client and broker, in milliseconds. */
const LATENCY_MS = { least: 0.2, most: 1.2 } as const;

/** A silent peer is dead after two heartbeats of 10 s (service-chassis/src/broker-link.ts). */
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
  block(blocked: boolean): void;
  /** The broker closes the channel, as it does after an error. */
  closeChannel(): void;
  /** The broker cancels the consumer, as it does when a queue goes. */
  cancelConsumer(): void;
}

/** A broker that can be connected to. */
export interface BrokerServer {
  readonly queues: Queues;
  /** Opens a connection for this owner, with amqplib's signature. */
  connect(owner: Owner, options: unknown): Promise<ChannelModel>;
  /** Open connections. */
  connections(): readonly BrokerConnection[];
  /** Goes down or comes up; the queues keep their messages. */
  setUp(up: boolean): void;
  /** The process of this owner has died: its connections are found closed after a while. */
  abandon(owner: Owner, afterMs: number): void;
}

/** What happens to messages, for the history and the counters. */
export interface BrokerWitness {
  published(owner: Owner, message: Message, routed: Routed): void;
  delivered(owner: Owner, queue: string, message: Message, redelivered: boolean): void;
  /** Asked before each publish, ack and the like leaves the process: the process may die here. */
  leaving(owner: Owner, what: 'publish' | 'ack'): void;
}

interface Outgoing {
  readonly message: Message;
  readonly confirm: (error: unknown) => void;
}

interface Unacknowledged {
  readonly queue: string;
  readonly entry: Queued;
}

interface Delivery {
  readonly content: Buffer;
  readonly fields: {
    readonly deliveryTag: number;
    readonly redelivered: boolean;
    readonly exchange: string;
    readonly routingKey: string;
    readonly consumerTag: string;
  };
  readonly properties: object;
}

interface Context {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly queues: Queues;
  readonly witness: BrokerWitness;
}

/** One direction of a connection: what goes in comes out in order, unless the connection is gone by then. */
function createWire({ scheduler, random }: Context, owner: Owner, passes: () => boolean) {
  let waiting: (() => void)[] = [];
  let notBeforeMs = 0;
  return (arrive: () => void) => {
    waiting.push(arrive);
    if (waiting.length > 1) return;
    const atMs = Math.max(notBeforeMs, scheduler.now() + random.between(LATENCY_MS.least, LATENCY_MS.most));
    notBeforeMs = atMs;
    scheduler.after(atMs - scheduler.now(), owner, () => {
      const arrived = waiting;
      waiting = [];
      if (passes()) for (const each of arrived) each();
    });
  };
}

type Wire = ReturnType<typeof createWire>;

interface Line {
  readonly owner: Owner;
  readonly toBroker: Wire;
  readonly toClient: Wire;
  /** Holds publishes back while the connection is blocked. */
  readonly whenUnblocked: (run: () => void) => void;
}

/** The end of a channel that the broker keeps, with the client's object. */
function createChannel(context: Context, line: Line, confirms: boolean) {
  const { queues, witness } = context;
  const { owner, toBroker, toClient } = line;
  const emitter = new EventEmitter();
  const unacknowledged = new Map<number, Unacknowledged>();
  const unconfirmed = new Set<Outgoing>();
  let clientOpen = true;
  let brokerOpen = true;
  let nextTag = 1;
  let prefetch = Number.POSITIVE_INFINITY;
  let consumer:
    { readonly queue: string; readonly tag: string; callback: (delivery: Delivery | null) => void } | undefined;

  const subscriber = {
    room: () => (brokerOpen ? Math.max(0, prefetch - unacknowledged.size) : 0),
    deliver: (messages: readonly Queued[]) => {
      const { queue = '', tag = '' } = consumer ?? {};
      const deliveries = messages.map((entry): Delivery => {
        const deliveryTag = nextTag++;
        unacknowledged.set(deliveryTag, { queue, entry });
        const { exchange, routingKey, content, properties } = entry.message;
        const redelivered = entry.deliveries > 0;
        return {
          content,
          fields: { deliveryTag, redelivered, exchange, routingKey, consumerTag: tag },
          properties: redelivered
            ? { ...properties, headers: { ...headersOf(properties), 'x-delivery-count': entry.deliveries } }
            : properties,
        };
      });
      toClient(() => {
        deliveries.forEach((delivery, index) => {
          const entry = messages[index];
          if (!clientOpen || !entry) return;
          witness.delivered(owner, queue, entry.message, delivery.fields.redelivered);
          consumer?.callback(delivery);
        });
      });
    },
  };

  /** The broker's end goes: what was not acknowledged goes back. */
  const drop = () => {
    if (!brokerOpen) return;
    brokerOpen = false;
    if (!consumer) return;
    queues.unsubscribe(consumer.queue, subscriber);
    queues.giveBack(
      consumer.queue,
      [...unacknowledged.values()].map(({ entry }) => entry),
    );
    unacknowledged.clear();
  };

  /** The client's end goes, with what amqplib says then. */
  const close = (error: Error | undefined) => {
    if (!clientOpen) return;
    clientOpen = false;
    if (error) emitter.emit('error', error);
    emitter.emit('close');
    for (const { confirm } of unconfirmed) confirm(error ?? new Error('channel closed'));
    unconfirmed.clear();
  };

  const ask = <Answer>(work: () => Answer) =>
    new Promise<Answer>((resolve, reject) => {
      if (!owner.alive) return;
      if (!clientOpen) {
        reject(new Error('Channel closed'));
        return;
      }
      toBroker(() => {
        if (!brokerOpen) return;
        const answer = work();
        toClient(() => {
          resolve(answer);
        });
      });
    });

  const arrivePublishes = (sent: readonly Outgoing[]) => {
    line.whenUnblocked(() => {
      if (!brokerOpen) return;
      const outcomes = sent.map(({ message }) => queues.publish(message));
      sent.forEach(({ message }, index) => {
        witness.published(owner, message, outcomes[index] ?? 'refused');
      });
      toClient(() => {
        sent.forEach((outgoing, index) => {
          const { message, confirm } = outgoing;
          if (outcomes[index] === 'returned')
            emitter.emit('return', {
              fields: { exchange: message.exchange, routingKey: message.routingKey },
              properties: message.properties,
            });
          if (unconfirmed.delete(outgoing)) confirm(outcomes[index] === 'refused' ? new Error('message nacked') : null);
        });
      });
    });
  };

  /** Whether something leaves the process, which may die over it. Throws when the channel is closed, as amqplib does. */
  const mayLeave = (what: 'publish' | 'ack'): boolean => {
    if (!owner.alive) return false;
    if (!clientOpen) throw new Error('Channel closed');
    witness.leaving(owner, what);
    return isAlive(owner);
  };

  let outgoing: Outgoing[] = [];
  const channel = Object.assign(emitter, {
    prefetch: (count: number) =>
      ask(() => {
        prefetch = count;
      }),
    consume: (queue: string, callback: (delivery: Delivery | null) => void, { consumerTag }: { consumerTag: string }) =>
      ask(() => {
        consumer = { queue, tag: consumerTag, callback };
        queues.subscribe(queue, subscriber);
        return { consumerTag };
      }),
    cancel: () =>
      ask(() => {
        if (consumer) queues.unsubscribe(consumer.queue, subscriber);
      }),
    registerConsumer: () => undefined,
    ack: ({ fields: { deliveryTag } }: Delivery, allUpTo: boolean) => {
      if (!mayLeave('ack')) return;
      toBroker(() => {
        if (!brokerOpen || !consumer) return;
        let count = 0;
        for (const tag of allUpTo ? unacknowledged.keys() : [deliveryTag]) {
          if (tag > deliveryTag) break;
          if (unacknowledged.delete(tag)) count += 1;
        }
        queues.acknowledge(consumer.queue, count);
      });
    },
    publish: (
      exchange: string,
      routingKey: string,
      content: Buffer,
      properties: Message['properties'],
      confirm: (error: unknown) => void,
    ) => {
      if (!confirms) throw new Error('this channel confirms nothing');
      if (!mayLeave('publish')) return true;
      const sent = { message: { exchange, routingKey, content, properties }, confirm };
      unconfirmed.add(sent);
      outgoing.push(sent);
      if (outgoing.length > 1) return true;
      toBroker(() => {
        const arrived = outgoing;
        outgoing = [];
        arrivePublishes(arrived);
      });
      return true;
    },
    close: () =>
      ask(drop).then(() => {
        close(undefined);
      }),
  });

  return {
    channel,
    drop,
    close,
    consumes: () => consumer !== undefined && brokerOpen,
    cancelConsumer: () => {
      if (!consumer || !brokerOpen) return;
      queues.unsubscribe(consumer.queue, subscriber);
      const { callback } = consumer;
      toClient(() => {
        if (clientOpen) callback(null);
      });
    },
  };
}

const isAlive = ({ alive }: Owner): boolean => alive;

const headersOf = ({ headers }: Message['properties']) =>
  typeof headers === 'object' && headers !== null ? headers : {};

const nameOf = (options: unknown): string => {
  const { clientProperties } = options as { readonly clientProperties?: { readonly connection_name?: string } };
  return clientProperties?.connection_name ?? '';
};

type Channel = ReturnType<typeof createChannel>;

interface Connected {
  readonly connection: BrokerConnection;
  readonly model: EventEmitter;
  /** The broker finds the connection closed. */
  readonly drop: () => void;
}

function createConnection(context: Context, owner: Owner, name: string, dropped: () => void): Connected {
  const { scheduler } = context;
  const model = new EventEmitter();
  const channels = new Set<Channel>();
  let clientOpen = true;
  let brokerOpen = true;
  let silent = false;
  let blocked = false;
  let held: (() => void)[] = [];

  const passes = () => !silent;
  const line: Line = {
    owner,
    toBroker: createWire(context, world, passes),
    toClient: createWire(context, owner, passes),
    whenUnblocked: (run) => {
      if (blocked) held.push(run);
      else run();
    },
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
    for (const channel of channels) channel.close(error);
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
    block: (on) => {
      if (on === blocked || !brokerOpen) return;
      blocked = on;
      line.toClient(() => {
        if (!clientOpen) return;
        if (on) model.emit('blocked', 'low on memory');
        else model.emit('unblocked');
      });
      if (on) return;
      const runs = held;
      held = [];
      for (const run of runs) run();
    },
    closeChannel: () => {
      for (const channel of [...channels]) {
        channel.drop();
        channels.delete(channel);
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

/** Creates a broker server on these queues. */
export function createBrokerServer(context: Context): BrokerServer {
  const { scheduler, random, queues } = context;
  const connected = new Set<Connected>();
  let up = true;
  return {
    queues,
    connect: (owner, options) =>
      new Promise((resolve, reject) => {
        if (!owner.alive) return;
        scheduler.after(3 * random.between(LATENCY_MS.least, LATENCY_MS.most), owner, () => {
          if (!up) {
            reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
            return;
          }
          const opened = createConnection(context, owner, nameOf(options), () => {
            connected.delete(opened);
          });
          connected.add(opened);
          // The services use of it what was put on it above; the laws hold it to amqplib's behaviour.
          resolve(opened.model as unknown as ChannelModel);
        });
      }),
    connections: () => [...connected].map(({ connection }) => connection),
    setUp: (on) => {
      up = on;
      if (!on) for (const { connection } of [...connected]) connection.cut();
    },
    abandon: (owner, afterMs) => {
      for (const opened of connected) {
        if (opened.connection.owner === owner) scheduler.after(afterMs, world, opened.drop);
      }
    },
  };
}
