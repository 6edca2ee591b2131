/** A message as a channel delivers it to its consumer. */
import type { Message, Queued } from './broker';

/** What amqplib hands to a consumer. */
export interface Delivery {
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

/** The delivery of a message with this tag. One that came back before says so, and how often. */
export function deliveryOf({ message, deliveries }: Queued, deliveryTag: number, consumerTag: string): Delivery {
  const { exchange, routingKey, content, properties } = message;
  const redelivered = deliveries > 0;
  return {
    content,
    fields: { deliveryTag, redelivered, exchange, routingKey, consumerTag },
    properties: redelivered
      ? { ...properties, headers: { ...headersOf(properties), 'x-delivery-count': deliveries } }
      : properties,
  };
}

const headersOf = ({ headers }: Message['properties']) =>
  typeof headers === 'object' && headers !== null ? headers : {};
