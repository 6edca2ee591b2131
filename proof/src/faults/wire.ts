/** The broker's administrator as a stranger on the wire: hears every event, and publishes what no client should. */
import { connect } from 'amqplib';
import { z } from 'zod';
import { topology } from '@quadrille/operator/src/services';

const propertiesSchema = z.object({
  messageId: z.string(),
  type: z.string(),
  correlationId: z.string(),
  contentType: z.string(),
  headers: z.record(z.string(), z.unknown()),
});

/** One message as it was heard. */
export interface Tapped {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: z.infer<typeof propertiesSchema>;
}

/** A session with the broker. */
export interface Wire {
  /** Every event since listen(), this session's own excepted. */
  readonly heard: readonly Tapped[];
  readonly listen: () => Promise<void>;
  /** Publishes; resolves when the broker has confirmed all of it. */
  readonly say: (messages: readonly Tapped[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** In the headers of what this session says: it does not hear itself. */
const OWN = 'x-said-by-a-fault';

/** Messages published between two waits for confirms. */
const BURST = 500;

/** Opens a session. Its queue goes with it. */
export async function openWire(url: string): Promise<Wire> {
  const connection = await connect(url);
  connection.on('error', () => undefined); // the call that it broke fails as well
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  const heard: Tapped[] = [];
  return {
    heard,
    listen: async () => {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      for (const { name, type } of topology.exchanges) if (type === 'topic') await channel.bindQueue(queue, name, '#');
      await channel.consume(
        queue,
        (delivery) => {
          if (!delivery) return;
          const { exchange, routingKey } = delivery.fields;
          const properties = propertiesSchema.parse(delivery.properties);
          if (properties.headers[OWN] === undefined)
            heard.push({ exchange, routingKey, content: delivery.content, properties });
        },
        { noAck: true },
      );
    },
    say: async (messages) => {
      for (let start = 0; start < messages.length; start += BURST) {
        for (const { exchange, routingKey, content, properties } of messages.slice(start, start + BURST)) {
          const headers = { ...properties.headers, [OWN]: 1 };
          channel.publish(exchange, routingKey, content, { ...properties, headers, persistent: true });
        }
        await channel.waitForConfirms();
      }
    },
    close: () => connection.close(),
  };
}
