/** A parked message, read for display and selection. */
import type { GetMessage } from 'amqplib';
import { messageIdOf } from '@quadrille/service-chassis/src/consuming/message-reader';
import { HISTORY_HEADER, historyOf, REPLAYS_HEADER } from '@quadrille/service-chassis/src/consuming/parked-history';
import { z } from 'zod';

/** The parking queues of a service, by the ends of their names. */
export const parkingQueues = ['invalid', 'dead-letter'] as const;

/** `invalid`: could not be read. `dead-letter`: could not be handled. */
export type ParkingQueue = (typeof parkingQueues)[number];

/** A message that a service gave up. */
export interface Parked {
  /** The service that parked it, for example `payment-service`. */
  readonly service: string;
  readonly queue: ParkingQueue;
  readonly messageId: string;
  /** The type of the event, or the routing key when it is no event. */
  readonly event: string;
  /** Empty when the message names none. */
  readonly orderId: string;
  readonly reason: string;
  readonly since: Date | undefined;
  readonly replays: number;
  /** Earlier parkings and replays, the newest last. */
  readonly history: readonly string[];
  /** Where it was published before the service received it. */
  readonly origin: { readonly exchange: string; readonly routingKey: string };
  readonly raw: GetMessage;
}

const text = z.string().optional().catch(undefined);
const MS_PER_S = 1_000;

/** A timestamp in an AMQP table, as amqplib reads it: in seconds. */
const timeSchema = z
  .object({ '!': z.literal('timestamp'), value: z.number() })
  .optional()
  .catch(undefined);

/** What the broker adds when it dead-letters a message; the newest entry comes first. */
const deathSchema = z.object({
  reason: z.string(),
  exchange: z.string(),
  'routing-keys': z.array(z.string()),
  time: timeSchema,
});

const headersSchema = z.object({
  'x-reason': text,
  'x-original-exchange': text,
  'x-original-routing-key': text,
  'x-death': z.array(deathSchema).min(1).optional().catch(undefined),
});

/** The broker's own reasons for parking, in words. */
const DEATHS: Readonly<Record<string, string>> = {
  delivery_limit: 'DELIVERY_LIMIT: the broker delivered it too often without an answer',
};

const dateOf = (seconds: unknown): Date | undefined => {
  const date = typeof seconds === 'number' ? new Date(seconds * MS_PER_S) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
};

/** Reads a message of `<service>.<queue>`. Its content is untrusted, so every part is validated. */
export function readParked(service: string, queue: ParkingQueue, raw: GetMessage): Parked {
  const { properties } = raw;
  const headers = headersSchema.safeParse(properties.headers ?? {}).data ?? {};
  const death = headers['x-reason'] === undefined ? headers['x-death']?.[0] : undefined;
  const origin = {
    exchange: death?.exchange ?? headers['x-original-exchange'] ?? '',
    routingKey: death?.['routing-keys'][0] ?? headers['x-original-routing-key'] ?? '',
  };
  const type: unknown = properties.type;
  const orderId: unknown = properties.correlationId;
  const { [REPLAYS_HEADER]: replays = 0, [HISTORY_HEADER]: history = [] } = historyOf(raw);
  return {
    service,
    queue,
    messageId: messageIdOf(raw),
    event: typeof type === 'string' && type !== 'unknown' && type !== '' ? type : origin.routingKey || 'unknown',
    orderId: typeof orderId === 'string' ? orderId : '',
    reason: headers['x-reason'] ?? (death ? (DEATHS[death.reason] ?? death.reason) : 'unknown'),
    since: death ? dateOf(death.time?.value) : dateOf(properties.timestamp),
    replays,
    history,
    origin,
    raw,
  };
}
