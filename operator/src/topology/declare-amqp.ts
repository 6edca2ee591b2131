import { connect } from 'amqplib';
import type { Topology } from './topology';

/** A broker that does not respond within this, in milliseconds, is not reachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Declares exchanges, queues and bindings over AMQP with the user of `url`, for brokers without a usable management
 * API. Users cannot be created this way, so services use the credentials of `url`. Bindings of an earlier version stay;
 * services absorb the duplicates that they bring. Idempotent; fails when a queue exists with other arguments.
 */
export async function declareOverAmqp(url: string, topology: Topology): Promise<void> {
  const connection = await connect(url, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the call below fails as well
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    for (const { name, type } of topology.exchanges) await channel.assertExchange(name, type, { durable: true });
    for (const queue of topology.queues) {
      await channel.assertQueue(queue.name, { durable: true, arguments: { ...queue.arguments } });
    }
    for (const { exchange, queue, routingKey } of topology.bindings)
      await channel.bindQueue(queue, exchange, routingKey);
  } finally {
    await connection.close().catch(() => undefined);
  }
}
