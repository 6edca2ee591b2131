/**
 * The envelope: CloudEvents 1.0 in structured mode (https://github.com/cloudevents/spec, "JSON Event Format"), with the
 * extensions `schemaversion`, `causationid` (the id of the message that led to this one) and `traceparent` (W3C Trace
 * Context). `id` names the event for ever, however often it is sent; `subject` is the order id.
 */
import { z } from 'zod';
import { events, eventTypes, isEventType, publisherOf, type EventData, type EventType } from './events';
import { idSchema } from './values';

/** The media type of an event on the wire. */
export const EVENT_CONTENT_TYPE = 'application/cloudevents+json';

/** Largest message that is read or written, in bytes: an order of 100 lines takes about 12 KiB. */
export const EVENT_MAX_BYTES = 256 * 1024;

const attributes = {
  specversion: z.literal('1.0'),
  id: idSchema,
  source: z.string().min(1).max(200),
  subject: idSchema,
  time: z.iso.datetime({ offset: true }),
  datacontenttype: z.literal('application/json'),
  causationid: idSchema.optional(),
  // A malformed trace is dropped; the event is still read.
  traceparent: z.string().max(100).optional().catch(undefined),
};

/** An event on the wire, as its publisher wrote it and every reader sees it. */
export type DomainEvent<Type extends EventType = EventType> = {
  [T in Type]: {
    readonly specversion: '1.0';
    readonly id: string;
    readonly source: string;
    readonly type: T;
    readonly subject: string;
    readonly time: string;
    readonly datacontenttype: 'application/json';
    readonly schemaversion: number;
    readonly causationid?: string | undefined;
    readonly traceparent?: string | undefined;
    readonly data: EventData<T>;
  };
}[Type];

/**
 * Why a payload is not an event, and in which field; `reason` goes into the header of the message in the invalid queue.
 */
export interface UnreadableEvent {
  readonly code: 'TOO_LARGE' | 'NOT_JSON' | 'UNKNOWN_TYPE' | 'UNKNOWN_VERSION' | 'INVALID';
  readonly reason: string;
}

/** An event, or why there is none. */
export type ParsedEvent =
  { readonly ok: true; readonly event: DomainEvent } | { readonly ok: false; readonly error: UnreadableEvent };

const schemaOf = (type: EventType) =>
  z.object({
    ...attributes,
    type: z.literal(type),
    schemaversion: z.literal(events[type].version),
    data: events[type].data,
  });

const schemas = new Map(eventTypes.map((type) => [type, schemaOf(type)]));

const refuse = (code: UnreadableEvent['code'], reason: string): ParsedEvent => ({ ok: false, error: { code, reason } });

const decoder = new TextDecoder('utf-8', { fatal: true });

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
}

/**
 * Reads one message body. Never throws: for a payload that is too large, not UTF-8 JSON, of an unknown type or version,
 * or not of its schema, it returns the reason. The schemas copy only the fields they know, so keys such as `__proto__`
 * go no further than here.
 */
export function parseEvent(payload: Uint8Array): ParsedEvent {
  if (payload.length > EVENT_MAX_BYTES) {
    return refuse(
      'TOO_LARGE',
      `the message has ${String(payload.length)} bytes, the limit is ${String(EVENT_MAX_BYTES)}`,
    );
  }
  const json = parseJson(payload);
  if (json === undefined) return refuse('NOT_JSON', 'the message is not JSON in UTF-8');
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refuse('INVALID', 'message: is not an object');
  const type = 'type' in json ? json.type : undefined;
  if (typeof type !== 'string') return refuse('INVALID', 'type: is not a string');
  const schemaversion = 'schemaversion' in json ? json.schemaversion : undefined;
  if (!isEventType(type)) return refuse('UNKNOWN_TYPE', `type: no event is called "${type.slice(0, 100)}"`);
  const known = events[type].version;
  if (schemaversion !== known) {
    const found = versionIn(schemaversion);
    return refuse('UNKNOWN_VERSION', `schemaversion: ${type} is known in version ${String(known)}, this is ${found}`);
  }
  const parsed = schemas.get(type)?.safeParse(json);
  if (!parsed?.success) return refuse('INVALID', parsed ? describe(parsed.error) : `no schema for ${type}`);
  // The schema of this very type has just accepted it; TypeScript cannot follow the type through the Map.
  const event = parsed.data as DomainEvent;
  if (event.data.orderId !== event.subject) return refuse('INVALID', 'subject: is not the orderId of the data');
  return { ok: true, event };
}

/**
 * An unknown version as text. Deeply nested JSON can be parsed but not written, so anything that is no version is not
 * quoted.
 */
function versionIn(schemaversion: unknown): string {
  if (typeof schemaversion === 'number') return String(schemaversion);
  if (typeof schemaversion === 'string') return `"${schemaversion.slice(0, 40)}"`;
  return schemaversion === undefined ? 'none' : 'no number';
}

const describe = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`)
    .join('; ');

/** What the chassis adds to an event that its decision does not know. */
export interface Stamp {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly causationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** Puts a new event into its envelope. */
export function envelop<Type extends EventType>(type: Type, data: EventData<Type>, stamp: Stamp): DomainEvent<Type> {
  const event = {
    specversion: '1.0',
    id: stamp.id,
    source: `/quadrille/${publisherOf(type)}`,
    type,
    subject: data.orderId,
    time: stamp.time,
    datacontenttype: 'application/json',
    schemaversion: events[type].version,
    ...(stamp.causationId === undefined ? {} : { causationid: stamp.causationId }),
    ...(stamp.traceparent === undefined ? {} : { traceparent: stamp.traceparent }),
    data,
  };
  // Type and data were given as a pair of one event; the mapped type cannot be rebuilt from a generic pair.
  return event as DomainEvent<Type>;
}

/** The JSON Schema (draft 2020-12) of an event as it is on the wire. */
export const jsonSchemaOf = (type: EventType): z.core.JSONSchema.JSONSchema =>
  z.toJSONSchema(schemaOf(type), { io: 'input' });
