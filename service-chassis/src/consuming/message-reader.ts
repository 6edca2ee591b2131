/** Reading what the broker delivers: an event of another service, or a delayed message of this one. */
import { createHash } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import {
  EVENT_MAX_BYTES,
  idSchema,
  isEventType,
  parseEvent,
  type DomainEvent,
  type EventType,
} from '@quadrille/shared-events';
import { z } from 'zod';
import type { Input } from '../contract/decision';
import { controlExchange } from '../contract/topology';
import { reasonOf } from '../telemetry/error-reason';
import { traceIdOf } from '../telemetry/trace';

/** One delivery, read. */
export type Reading<Message> =
  | {
      readonly ok: true;
      readonly type: string;
      /** The id of the message that led to this one; `input.cause` is this one, as the cause of what follows. */
      readonly causationId: string | undefined;
      readonly input: Input<Message>;
    }
  | { readonly ok: false; readonly reason: string };

/** What a service understands: the events of its table and its own delayed messages. */
export interface Vocabulary<Heard extends EventType, Own> {
  readonly service: string;
  readonly hears: readonly Heard[];
  /** The schema of its own messages; none when it has no delays. */
  readonly own?: z.ZodType<Own> | undefined;
}

const refuse = (reason: string) => ({ ok: false, reason }) as const;

/** A reader of deliveries. It never throws. */
export function createReader<Heard extends EventType, Own extends { readonly type: string }>(
  vocabulary: Vocabulary<Heard, Own>,
): (delivery: ConsumeMessage) => Reading<DomainEvent<Heard> | Own> {
  const { service, hears, own } = vocabulary;
  const heard = new Set<string>(hears);
  // Heard is a union of event types, so an event whose type is in the set is one of DomainEvent<Heard>.
  const asHeard = (event: DomainEvent) => (heard.has(event.type) ? (event as DomainEvent<Heard>) : undefined);
  const envelope = own && z.object({ orderId: idSchema, causationId: idSchema.optional(), message: own });

  const readOwn = (delivery: ConsumeMessage): Reading<Own> => {
    const { content } = delivery;
    if (!envelope || content.length > EVENT_MAX_BYTES) return refuse(`${service} sends no messages to itself`);
    const parsed = envelope.safeParse(parseJson(content));
    if (!parsed.success) return refuse(`not a message of ${service} to itself`);
    const { orderId, causationId, message } = parsed.data;
    const cause = { messageId: causationId, traceparent: traceparentOf(delivery) };
    return { ok: true, type: message.type, causationId, input: { key: orderId, message, cause } };
  };

  const readAny = (delivery: ConsumeMessage): Reading<DomainEvent<Heard> | Own> => {
    if (delivery.fields.exchange === controlExchange(service)) return readOwn(delivery);
    const parsed = parseEvent(delivery.content);
    if (!parsed.ok) return refuse(`${parsed.error.code}: ${parsed.error.reason}`);
    const event = asHeard(parsed.event);
    if (!event) return refuse(`UNHEARD: ${service} does not hear ${parsed.event.type}`);
    const cause = { messageId: event.id, traceparent: whenValid(event.traceparent) };
    return {
      ok: true,
      type: event.type,
      causationId: event.causationid,
      input: { key: event.subject, message: event, cause },
    };
  };

  return (delivery) => {
    try {
      return readAny(delivery);
    } catch (error) {
      // A delivery that is neither decided nor parked would be acked together with the next one.
      return refuse(`UNREADABLE: ${reasonOf(error)}`);
    }
  };
}

const parseJson = (content: Buffer): unknown => {
  try {
    return JSON.parse(content.toString());
  } catch {
    return undefined;
  }
};

const headerOf = ({ properties }: ConsumeMessage, name: string): unknown =>
  (properties.headers as Readonly<Record<string, unknown>> | undefined)?.[name]; // amqplib types what a stranger sent as any

/** A malformed traceparent is dropped, as W3C asks: it is a stranger's text and goes no further than here. */
const whenValid = (traceparent: string | undefined) => (traceIdOf(traceparent) === undefined ? undefined : traceparent);

const traceparentOf = (delivery: ConsumeMessage) => {
  const traceparent = headerOf(delivery, 'traceparent');
  return typeof traceparent === 'string' ? whenValid(traceparent) : undefined;
};

/** How often this message was delivered, this time included; quorum queues count redeliveries. */
export const attemptOf = (delivery: ConsumeMessage): number => {
  const count = headerOf(delivery, 'x-delivery-count');
  return (typeof count === 'number' ? count : delivery.fields.redelivered ? 1 : 0) + 1;
};

/**
 * A name for the message: its id, or a digest of its content when it has none that a header, a log and a database all
 * take.
 */
export const messageIdOf = ({ properties, content }: Pick<ConsumeMessage, 'properties' | 'content'>): string => {
  const id: unknown = properties.messageId;
  const parsed = idSchema.safeParse(id);
  return parsed.success ? parsed.data : createHash('sha256').update(content).digest('hex');
};

/** Longest of AMQP's short strings, which most properties are. */
const SHORT_STRING_MAX_BYTES = 255;

/**
 * What a property says, when it can be sent on; undefined otherwise. A stranger's bytes that are no UTF-8 have become
 * longer by being read: three bytes for each.
 */
export const shortString = (value: unknown): string | undefined =>
  typeof value === 'string' && Buffer.byteLength(value) <= SHORT_STRING_MAX_BYTES ? value : undefined;

/** The type a delivery claims, for logs: the AMQP property, which need not be one of ours. */
export const claimedType = ({ properties }: ConsumeMessage): string => {
  const type: unknown = properties.type;
  return typeof type === 'string' && isEventType(type) ? type : 'unknown';
};
