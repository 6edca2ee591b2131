/**
 * How a parked message goes back to the service that parked it, and to no other. An event goes through the default
 * exchange straight into the service's queue, because the events' exchange would deliver it to all hearers again; a
 * timer goes through the service's control exchange, which marks it as a timer. Where the service has a queue of low
 * priority, the message goes there: it has waited long already.
 *
 * The message keeps its id, so the state of its order absorbs it at any age. The headers that the broker added are
 * removed: RabbitMQ 3 takes a message with `x-death` for one that cycles, and drops it.
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

/** The queue of low priority of a service, or its only queue. */
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

/** The properties of the message itself, without those that are undefined: amqplib would send them. */
function ownProperties({ properties }: GetMessage): Options.Publish {
  const known = Object.entries(propertiesSchema.parse(properties));
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}
