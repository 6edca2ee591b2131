/** A channel: what amqplib gives to a service, and the end of it that the broker keeps. */
import { EventEmitter } from 'node:events';
import type { Owner } from '../engine/scheduler';
import type { Message, Queued, Subscriber } from './broker';
import { deliveryOf, type Delivery } from './delivery';
import type { Context, Line } from './wire';

interface Outgoing {
  readonly message: Message;
  readonly confirm: (error: unknown) => void;
}

interface Unacknowledged {
  readonly queue: string;
  readonly entry: Queued;
}

interface Consumer {
  readonly queue: string;
  readonly tag: string;
  readonly callback: (delivery: Delivery | null) => void;
}

/** Both ends of a channel. */
interface State {
  readonly context: Context;
  readonly line: Line;
  readonly emitter: EventEmitter;
  readonly unacknowledged: Map<number, Unacknowledged>;
  readonly unconfirmed: Set<Outgoing>;
  /** What was published in this turn: it travels together. */
  outgoing: Outgoing[];
  clientOpen: boolean;
  brokerOpen: boolean;
  nextTag: number;
  prefetch: number;
  consumer: Consumer | undefined;
  readonly subscriber: Subscriber;
}

/** The end of a channel that the broker keeps, with the client's object. */
export function createChannel(context: Context, line: Line, confirms: boolean) {
  const state: State = {
    context,
    line,
    emitter: new EventEmitter(),
    unacknowledged: new Map(),
    unconfirmed: new Set(),
    outgoing: [],
    clientOpen: true,
    brokerOpen: true,
    nextTag: 1,
    prefetch: Number.POSITIVE_INFINITY,
    consumer: undefined,
    subscriber: {
      room: () => (state.brokerOpen ? Math.max(0, state.prefetch - state.unacknowledged.size) : 0),
      deliver: (messages) => {
        deliver(state, messages);
      },
    },
  };
  return {
    channel: clientOf(state, confirms),
    drop: () => {
      drop(state);
    },
    close: (error: Error | undefined) => {
      close(state, error);
    },
    consumes: () => state.consumer !== undefined && state.brokerOpen,
    cancelConsumer: () => {
      cancelConsumer(state);
    },
  };
}

/** What the services use of amqplib's channel. */
function clientOf(state: State, confirms: boolean) {
  const { queues } = state.context;
  return Object.assign(state.emitter, {
    prefetch: (count: number) =>
      ask(state, () => {
        state.prefetch = count;
      }),
    consume: (queue: string, callback: Consumer['callback'], { consumerTag }: { consumerTag: string }) =>
      ask(state, () => {
        state.consumer = { queue, tag: consumerTag, callback };
        queues.subscribe(queue, state.subscriber);
        return { consumerTag };
      }),
    checkQueue: (queue: string) => ask(state, () => queues.check(queue)),
    cancel: () =>
      ask(state, () => {
        if (state.consumer) queues.unsubscribe(state.consumer.queue, state.subscriber);
      }),
    registerConsumer: () => undefined,
    ack: ({ fields: { deliveryTag } }: Delivery, allUpTo: boolean) => {
      if (!mayLeave(state, 'ack')) return;
      state.line.toBroker(() => {
        acknowledge(state, deliveryTag, allUpTo);
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
      if (mayLeave(state, 'publish'))
        publish(state, { message: { exchange, routingKey, content, properties }, confirm });
      return true;
    },
    close: () =>
      ask(state, () => {
        drop(state);
      }).then(() => {
        close(state, undefined);
      }),
  });
}

/** Asks the broker for something. Rejects when the channel is closed; never settles when either end goes meanwhile. */
function ask<Answer>(state: State, work: () => Answer): Promise<Answer> {
  const { owner, toBroker, toClient } = state.line;
  return new Promise((resolve, reject) => {
    if (!owner.alive) return;
    if (!state.clientOpen) {
      reject(new Error('Channel closed'));
      return;
    }
    toBroker(() => {
      if (!state.brokerOpen) return;
      const answer = work();
      toClient(() => {
        resolve(answer);
      });
    });
  });
}

/** Whether something leaves the process, which may die over it. Throws when the channel is closed, as amqplib does. */
function mayLeave({ line: { owner }, clientOpen, context }: State, what: 'publish' | 'ack'): boolean {
  if (!owner.alive) return false;
  if (!clientOpen) throw new Error('Channel closed');
  context.witness.leaving(owner, what);
  return isAlive(owner);
}

function publish(state: State, sent: Outgoing): void {
  state.unconfirmed.add(sent);
  state.outgoing.push(sent);
  if (state.outgoing.length > 1) return;
  state.line.toBroker(() => {
    const arrived = state.outgoing;
    state.outgoing = [];
    state.line.whenUnblocked(() => {
      if (state.brokerOpen) arrive(state, arrived);
    });
  });
}

/** The broker takes what was published, and tells the client what became of each message. */
function arrive(state: State, sent: readonly Outgoing[]): void {
  const { context, line, emitter, unconfirmed } = state;
  const outcomes = sent.map(({ message }) => context.queues.publish(message));
  sent.forEach(({ message }, index) => {
    context.witness.published(line.owner, message, outcomes[index] ?? 'refused');
  });
  line.toClient(() => {
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
}

function acknowledge(state: State, deliveryTag: number, allUpTo: boolean): void {
  const { brokerOpen, consumer, unacknowledged, line, context } = state;
  if (!brokerOpen || !consumer) return;
  // RabbitMQ would close the channel; no service has a reason ever to do this.
  if (!unacknowledged.has(deliveryTag)) throw new Error(`${line.owner.name} acknowledged what was not delivered to it`);
  const done: Message[] = [];
  for (const tag of allUpTo ? unacknowledged.keys() : [deliveryTag]) {
    const found = unacknowledged.get(tag);
    if (tag > deliveryTag || !found) break;
    unacknowledged.delete(tag);
    done.push(found.entry.message);
  }
  context.witness.acknowledged(consumer.queue, done);
  context.queues.acknowledge(consumer.queue, done.length);
}

/** The broker sends messages to the consumer. */
function deliver(state: State, messages: readonly Queued[]): void {
  const { queue = '', tag = '' } = state.consumer ?? {};
  const { owner, toClient } = state.line;
  const deliveries = messages.map((entry) => {
    const deliveryTag = state.nextTag++;
    state.unacknowledged.set(deliveryTag, { queue, entry });
    return deliveryOf(entry, deliveryTag, tag);
  });
  toClient(() => {
    deliveries.forEach((delivery, index) => {
      const entry = messages[index];
      if (!state.clientOpen || !entry) return;
      state.context.witness.delivered(owner, queue, entry.message, delivery.fields.redelivered);
      state.consumer?.callback(delivery);
    });
  });
}

/** The broker's end goes: what was not acknowledged goes back. */
function drop(state: State): void {
  const { consumer, unacknowledged, subscriber } = state;
  const { queues } = state.context;
  if (!state.brokerOpen) return;
  state.brokerOpen = false;
  if (!consumer) return;
  queues.unsubscribe(consumer.queue, subscriber);
  queues.giveBack(
    consumer.queue,
    [...unacknowledged.values()].map(({ entry }) => entry),
  );
  unacknowledged.clear();
}

/** The client's end goes, with what amqplib says then. */
function close(state: State, error: Error | undefined): void {
  const { emitter, unconfirmed } = state;
  if (!state.clientOpen) return;
  state.clientOpen = false;
  if (error) emitter.emit('error', error);
  emitter.emit('close');
  for (const { confirm } of unconfirmed) confirm(error ?? new Error('channel closed'));
  unconfirmed.clear();
}

/** The broker cancels the consumer, which the client learns by a null. */
function cancelConsumer(state: State): void {
  const { consumer, brokerOpen, subscriber, context, line } = state;
  if (!consumer || !brokerOpen) return;
  context.queues.unsubscribe(consumer.queue, subscriber);
  line.toClient(() => {
    if (state.clientOpen) consumer.callback(null);
  });
}

const isAlive = ({ alive }: Owner): boolean => alive;

/** Both ends of a channel. */
export type Channel = ReturnType<typeof createChannel>;
