import { z } from 'zod';
import type { Management } from './management';
import type { Topology } from './topology';

/** Password of the user of a service, by the service's name. */
export type PasswordOf = (service: string) => string;

/** Where in a broker a topology is declared. */
export interface Place {
  virtualHost: string;
  /**
   * Prefix of the services' user names: two systems on one broker must not change each other's passwords. Empty in the
   * private broker.
   */
  userPrefix: string;
}

/**
 * Declares a topology through the management API and removes bindings of earlier versions. Idempotent, and safe while
 * services run. A queue that exists with other arguments is an error that names it, because RabbitMQ cannot change a
 * queue. The virtual host must exist.
 */
export async function declareTopology(
  management: Management,
  topology: Topology,
  place: Place,
  passwordOf: PasswordOf,
): Promise<void> {
  const host = encodeURIComponent(place.virtualHost);
  const declared = [
    ...topology.exchanges.map(({ name, type }) =>
      management.request('PUT', `exchanges/${host}/${encodeURIComponent(name)}`, { type, durable: true }),
    ),
    ...topology.queues.map((queue) =>
      management
        .request('PUT', `queues/${host}/${encodeURIComponent(queue.name)}`, {
          durable: true,
          arguments: queue.arguments,
        })
        .catch((error: unknown) => {
          throw withRemedy(error, queue.name, management.access.url);
        }),
    ),
    ...topology.users.map(async ({ name, permissions }) => {
      const user = encodeURIComponent(place.userPrefix + name);
      await management.request('PUT', `users/${user}`, { password: passwordOf(name), tags: '' });
      await management.request('PUT', `permissions/${host}/${user}`, permissions);
    }),
  ];
  await Promise.all(declared);
  await Promise.all(
    topology.bindings.map(({ exchange, queue, routingKey }) =>
      management.request('POST', `bindings/${host}/e/${encodeURIComponent(exchange)}/q/${encodeURIComponent(queue)}`, {
        routing_key: routingKey,
      }),
    ),
  );
  await unbindOthers(management, topology, host);
}

const Bindings = z.array(
  z.object({ source: z.string(), destination: z.string(), routing_key: z.string(), properties_key: z.string() }),
);

/**
 * Removes bindings of an earlier version between declared exchanges and queues: through them a service would receive an
 * event twice, or one that it no longer knows.
 */
async function unbindOthers(management: Management, topology: Topology, host: string): Promise<void> {
  const keyOf = (exchange: string, queue: string, routingKey: string) => [exchange, queue, routingKey].join(' ');
  const wanted = new Set(topology.bindings.map((each) => keyOf(each.exchange, each.queue, each.routingKey)));
  const exchanges = new Set(topology.exchanges.map(({ name }) => name));
  const queues = new Set(topology.queues.map(({ name }) => name));
  const found = Bindings.parse(await management.request('GET', `bindings/${host}`));
  const others = found.filter(
    ({ source, destination, routing_key }) =>
      exchanges.has(source) && queues.has(destination) && !wanted.has(keyOf(source, destination, routing_key)),
  );
  for (const { source, destination, properties_key } of others) {
    const [exchange = '', queue = '', key = ''] = [source, destination, properties_key].map(encodeURIComponent);
    await management.request('DELETE', `bindings/${host}/e/${exchange}/q/${queue}/${key}`).catch((error: unknown) => {
      if (!String(error).includes(': 404')) throw error; // 404: another process was faster
    });
  }
}

function withRemedy(error: unknown, queue: string, url: string): unknown {
  if (!(error instanceof Error) || !error.message.includes('inequivalent arg')) return error;
  return new Error(
    `The queue ${queue} was declared with other arguments, by another version of Quadrille, and RabbitMQ can't change a queue. ` +
      `Of npm start's own broker, delete the folder .data/broker: what was under way is asked for again. Of another broker, delete the queue when it is empty (${url}).`,
    { cause: error },
  );
}
