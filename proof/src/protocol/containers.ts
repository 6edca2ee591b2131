/** The generated part of docs/architecture.md: the containers (C4) and the queues, as the topology says. */
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import type { Queue } from '@quadrille/operator/src/topology/topology';
import { isParkingLot } from '@quadrille/operator/src/verify/rules';
import { markdownTable } from '../markdown-table';

const idOf = (name: string) => name.replaceAll(/[^a-z]/g, '_');

/** The queues that a service reads. Parked messages are for people, and a delay queue is read by the broker alone. */
const consumedBy = (name: ShortName) => queuesOf(services[name].table);

const eventExchanges = topology.exchanges.filter(({ type }) => type === 'topic').map(({ name }) => name);

/** What a queue gets of an exchange: the routing keys, which are the events' names. */
const keysBetween = (exchange: string, queue: string) =>
  topology.bindings
    .filter((binding) => binding.exchange === exchange && binding.queue === queue)
    .map(({ routingKey }) => routingKey);

const LINE_BREAK = '<br/>';

function diagram(): string[] {
  const serviceNodes = shortNames.map(
    (name) => `  ${name}["${services[name].table.name}${LINE_BREAK}HTTP, port ${String(services[name].port)}"]`,
  );
  const databases = shortNames.map((name) => `  ${name} --- ${name}_db[("PostgreSQL${LINE_BREAK}${name}")]`);
  const exchanges = eventExchanges.map((exchange) => `    ${idOf(exchange)}{{"${exchange}"}}`);
  const queues = shortNames.flatMap(consumedBy).map((queue) => `    ${idOf(queue)}[/"${queue}"/]`);
  const publishing = shortNames.flatMap((name) =>
    eventExchanges
      .filter((exchange) => services[name].table.publishes.length > 0 && exchange.startsWith(`${name}.`))
      .map((exchange) => `  ${name} ==> ${idOf(exchange)}`),
  );
  const bindings = eventExchanges.flatMap((exchange) =>
    shortNames.flatMap(consumedBy).flatMap((queue) => {
      const keys = keysBetween(exchange, queue);
      return keys.length === 0 ? [] : [`  ${idOf(exchange)} -->|"${keys.join(LINE_BREAK)}"| ${idOf(queue)}`];
    }),
  );
  const consuming = shortNames.flatMap((name) => consumedBy(name).map((queue) => `  ${idOf(queue)} ==> ${name}`));
  return [
    'flowchart LR',
    '  customer(["Customer"]) -->|"place, cancel, read, watch"| order',
    '  operator(["Operator"]) -->|"products and stock"| inventory',
    '  operator -->|refund| payment',
    ...serviceNodes,
    ...databases,
    '  subgraph RabbitMQ',
    ...exchanges,
    ...queues,
    '  end',
    ...publishing,
    ...bindings,
    ...consuming,
    '  payment -->|"charge, resolve, refund"| bank(["Payment gateway (simulated)"])',
    '  notification -->|SMTP| mail(["Mail server"])',
  ];
}

const MS_PER_S = 1_000;

const code = (text: string) => `\`${text}\``;

/** Where the messages go that leave a queue without having been consumed. */
const deadLettersOf = (args: Queue['arguments']): string[] =>
  topology.bindings
    .filter(({ exchange }) => exchange === args['x-dead-letter-exchange'])
    .filter(({ routingKey }) => routingKey === args['x-dead-letter-routing-key'])
    .map(({ queue }) => queue);

/** What becomes of the messages of a queue. */
function thenOf(queue: string, args: Queue['arguments']): string {
  const delayMs = args['x-message-ttl'];
  if (typeof delayMs === 'number')
    return `goes to ${deadLettersOf(args).map(code).join(', ')} after ${String(delayMs / MS_PER_S)} s`;
  return isParkingLot(queue) ? 'waits for a person: `npm run dead-letters`' : 'is consumed by the service';
}

const queueTable = (): string =>
  markdownTable(
    ['Queue', 'Gets', 'From', 'What becomes of it'],
    topology.queues.map(({ name, arguments: args }) => {
      const bindings = topology.bindings.filter(({ queue }) => queue === name);
      return [
        code(name),
        bindings.map(({ routingKey }) => routingKey).join(', '),
        [...new Set(bindings.map(({ exchange }) => code(exchange)))].join(', '),
        thenOf(name, args),
      ];
    }),
  );

/** The picture of the containers, and the table of all queues. */
export const containers = (): string => [['```mermaid', ...diagram(), '```'].join('\n'), queueTable()].join('\n\n');
