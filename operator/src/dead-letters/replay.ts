/**
 * A parked message on its way back to the service that gave it up, and to no other: events through the default exchange
 * straight into its queue, its own timers through its control exchange, where it tells them from events. The events'
 * exchanges would tell everybody again. It has waited longer than any customer: where a service has a queue of low priority,
 * it comes back through that.
 *
 * It is the same message with the same id: the state of its order absorbs it at any age. What the broker wrote into its
 * headers stays behind, because RabbitMQ 3 takes a message with `x-death` for one that goes in circles, and drops it.
 */
import type { GetMessage, Options } from 'amqplib';
import { HISTORY_HEADER, historyOf, REPLAYS_HEADER } from '@quadrille/service-chassis/src/consuming/parked-history';
import { controlExchange } from '@quadrille/service-chassis/src/contract/topology';
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import { z } from 'zod';
import { services, shortNames } from '../services';
import type { Parked } from './parked';

/** The broker's own headers; CC and BCC would send copies to others. */
const LEFT_BEHIND = /^(x-death|x-first-death-.*|x-last-death-.*|x-delivery-count|x-acquired-count|CC|BCC)$/;

/** The routing key under which a service's timers come back to its queue. */
const TIMER_DUE = 'retry';

/** What is published. */
export interface Replay {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/** The last of a service's queues: the one of low priority, where there is one. */
const patientQueueOf = (service: string): string => {
  const short = shortNames.find((name) => services[name].table.name === service);
  return (short && queuesOf(services[short].table).at(-1)) ?? service;
};

/** The replay of a parked message. */
export function replayOf(parked: Parked, now: Date): Replay {
  const { service, queue, messageId, reason, since, replays, origin, raw } = parked;
  const isTimer = origin.exchange === controlExchange(service);
  const kept = Object.entries(raw.properties.headers ?? {}).filter(([name]) => !LEFT_BEHIND.test(name));
  const from = origin.exchange || 'the default exchange';
  const entry = `${since?.toISOString() ?? 'at an unknown time'} parked in ${queue}, from ${from}: ${reason}`;
  const history = historyOf(raw, [entry, `${now.toISOString()} replayed`]);
  return {
    exchange: isTimer ? origin.exchange : '',
    routingKey: isTimer ? TIMER_DUE : patientQueueOf(service),
    content: raw.content,
    options: {
      mandatory: true,
      persistent: true,
      messageId,
      headers: {
        ...Object.fromEntries(kept),
        [REPLAYS_HEADER]: replays + 1,
        [HISTORY_HEADER]: history[HISTORY_HEADER],
      },
      ...ownProperties(raw),
    },
  };
}

const text = z.string().optional().catch(undefined);
const propertiesSchema = z.object({
  contentType: text,
  type: text,
  correlationId: text,
  appId: text,
  timestamp: z.number().optional().catch(undefined),
});

/** The properties that say what the message is, without those that are not there: amqplib would send them. */
function ownProperties({ properties }: GetMessage): Options.Publish {
  const known = Object.entries(propertiesSchema.parse(properties));
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}
