/** A channel: what amqplib gives to a service, and the end of it that the broker keeps. */
import { EventEmitter } from 'node:events';
import type { Owner } from '../engine/scheduler';
import type { Message, Queued } from './broker';
import type { Context, Line } from './wire';

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

/** The end of a channel that the broker keeps, with the client's object. */
export function createChannel(context: Context, line: Line, confirms: boolean) {
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
    checkQueue: (queue: string) => ask(() => queues.check(queue)),
    cancel: () =>
      ask(() => {
        if (consumer) queues.unsubscribe(consumer.queue, subscriber);
      }),
    registerConsumer: () => undefined,
    ack: ({ fields: { deliveryTag } }: Delivery, allUpTo: boolean) => {
      if (!mayLeave('ack')) return;
      toBroker(() => {
        if (!brokerOpen || !consumer) return;
        // RabbitMQ would close the channel; no service has a reason ever to do this.
        if (!unacknowledged.has(deliveryTag))
          throw new Error(`${owner.name} acknowledged what was not delivered to it`);
        const done: Message[] = [];
        for (const tag of allUpTo ? unacknowledged.keys() : [deliveryTag]) {
          const found = unacknowledged.get(tag);
          if (tag > deliveryTag || !found) break;
          unacknowledged.delete(tag);
          done.push(found.entry.message);
        }
        witness.acknowledged(consumer.queue, done);
        queues.acknowledge(consumer.queue, done.length);
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

/** Both ends of a channel. */
export type Channel = ReturnType<typeof createChannel>;
