/** Parking: what could not be read or handled waits in `<service>.invalid` or `<service>.dead-letter` for a person. */
import type { ConsumeMessage } from 'amqplib';
import type { PublishResult } from '../broker/confirms';
import type { OutgoingMessage } from '../broker/outgoing-message';
import type { Publisher } from '../broker/publisher';
import { controlExchange, controlQueue, type ParkingQueue } from '../contract/topology';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import { retry, type Patience } from '../timing/retry';
import { claimedType, messageIdOf, shortString } from './message-reader';
import { historyOf } from './parked-history';

/** Longest reason in a header, in characters: enough to act on, short enough for the management UI. */
const REASON_MAX_LENGTH = 500;

/** What parking needs. */
export interface ParkOptions {
  readonly service: string;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly publisher: Publisher;
}

/** The broker has not confirmed a parked message; it can still be had where it came from. */
class NotParkedError extends Error {
  constructor(readonly result: PublishResult) {
    super(result);
  }
}

/** The message as it is parked: its own bytes, with the reason and where it came from. */
const toParked = (service: string, raw: ConsumeMessage, queue: ParkingQueue, reason: string): OutgoingMessage => ({
  id: messageIdOf(raw),
  exchange: controlExchange(service),
  routingKey: queue,
  orderId: shortString(raw.properties.correlationId) ?? '',
  traceparent: undefined,
  body: raw.content,
  type: claimedType(raw),
  contentType: shortString(raw.properties.contentType) ?? 'application/octet-stream',
  headers: {
    'x-reason': reason.slice(0, REASON_MAX_LENGTH),
    'x-original-exchange': raw.fields.exchange,
    'x-original-routing-key': raw.fields.routingKey,
    ...historyOf(raw),
  },
});

/**
 * Moves a message to one of the service's parking queues; resolves when the broker has confirmed it there. Rejects with
 * AbandonedError when the patience is at its end.
 */
export async function park(
  { service, log, metrics, publisher }: ParkOptions,
  raw: ConsumeMessage,
  queue: ParkingQueue,
  reason: string,
  patience: Patience,
): Promise<void> {
  const message = toParked(service, raw, queue, reason);
  const where = { message_id: message.id, queue: controlQueue(service, queue), reason };
  const publish = async () => {
    const result = await new Promise<PublishResult>((resolve) => {
      publisher.publish(message, resolve);
    });
    if (result !== 'confirmed') throw new NotParkedError(result);
  };
  await retry(
    publish,
    (error) => error instanceof NotParkedError,
    (error, failures) => {
      const result = error instanceof NotParkedError ? error.result : undefined;
      log.error({ ...where, result, failures }, 'a message could not be parked; nothing is consumed meanwhile');
    },
    patience,
  );
  metrics.parked.inc({ queue });
  log.warn({ event: claimedType(raw), ...where }, 'message parked');
}
