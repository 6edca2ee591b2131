import { EVENT_CONTENT_TYPE } from '@quadrille/shared-events';

/** What is sent: a row of the outbox, or an unreadable message on its way to a parking queue. */
export interface OutgoingMessage {
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly orderId: string;
  readonly traceparent: string | undefined;
  readonly body: string | Buffer;
  /** Besides traceparent. */
  readonly headers?: Readonly<Record<string, string | number | readonly string[]>>;
  readonly contentType?: string;
  /** The AMQP type; the routing key unless a parked message keeps its own. */
  readonly type?: string;
}

/** The body as it travels. */
export const toBuffer = (body: string | Buffer) => (typeof body === 'string' ? Buffer.from(body) : body);

const MS_PER_S = 1_000;

/** The AMQP properties of a message, which mirror its envelope. */
export const propertiesOf = (service: string, message: OutgoingMessage) => ({
  mandatory: true,
  persistent: true,
  messageId: message.id,
  type: message.type ?? message.routingKey,
  correlationId: message.orderId,
  appId: service,
  contentType: message.contentType ?? EVENT_CONTENT_TYPE,
  timestamp: Math.floor(Date.now() / MS_PER_S),
  headers: { ...message.headers, ...(message.traceparent === undefined ? {} : { traceparent: message.traceparent }) },
});
