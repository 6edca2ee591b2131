/** Parking: what could not be read or handled waits in `<service>.invalid` or `<service>.dead-letter` for a person. */
import type { ConsumeMessage } from 'amqplib';
import { backoffMs, pause } from '../timing/backoff';
import { claimedType, messageIdOf, shortString } from './message-reader';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import { historyOf } from './parked-history';
import { AbandonedError, RETRY, type ShouldContinue } from './retry-transient';
import { controlExchange } from '../contract/topology';
import type { Publisher } from '../broker/publisher';

/** Longest reason in a header, in characters: enough to act on, short enough for the management UI. */
const REASON_MAX_LENGTH = 500;

/** What parking needs. */
export interface ParkOptions {
  readonly service: string;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly publisher: Publisher;
}

/** Moves a message to one of the service's parking queues; returns when the broker has confirmed it there. */
export async function park(
  options: ParkOptions,
  raw: ConsumeMessage,
  queue: 'invalid' | 'dead-letter',
  reason: string,
  shouldContinue: ShouldContinue,
): Promise<void> {
  const { service, log, metrics, publisher } = options;
  const id = messageIdOf(raw);
  for (let failures = 0; ; failures++) {
    if (!shouldContinue(failures)) throw new AbandonedError();
    const result = await new Promise((resolve) => {
      publisher.publish(
        {
          id,
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
        },
        resolve,
      );
    });
    if (result === 'confirmed') break;
    log.error(
      { message_id: id, queue: `${service}.${queue}`, reason, result, failures },
      'a message could not be parked; nothing is consumed meanwhile',
    );
    await pause(backoffMs(failures, RETRY));
  }
  metrics.parked.inc({ queue });
  log.warn({ event: claimedType(raw), message_id: id, queue: `${service}.${queue}`, reason }, 'message parked');
}
