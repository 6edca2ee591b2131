/** Messages that come again, late, shuffled, broken or forged. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { envelop } from '@quadrille/shared-events';
import { residentBytes } from '../../load/figures';
import { topology } from '@quadrille/operator/src/services';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { Row, FaultContext } from '../row';
import { openWire, type Tapped, type Wire } from '../wire';

/** How long events are collected before they are said again. */
const LISTEN_MS = 6_000;

/** Copies of each event. */
const COPIES = 10;

/** Messages in the backlog of a slow consumer. */
const BACKLOG = 20_000;

/** What the slow consumer's memory may grow by: its prefetch is 400 messages, the rest is its batches. */
const MEMORY_GROWTH_MAX_BYTES = 150 * 1024 * 1024;

/** Deaths of a message that kills its process, restarts included. */
const POISON_WITHIN_MS = 60_000;

/** A session with the broker until the end of the row. */
async function wireFor({ system, finally: whenOver }: FaultContext): Promise<Wire> {
  const wire = await openWire(system.addresses.amqp);
  whenOver(() => wire.close());
  return wire;
}

/** Events of some seconds of load. */
async function collect(context: FaultContext): Promise<{ readonly wire: Wire; readonly heard: readonly Tapped[] }> {
  const wire = await wireFor(context);
  await wire.listen();
  await pause(LISTEN_MS);
  return { wire, heard: [...wire.heard] };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** The same message under another id, as a producer that forgot what it had sent. */
function renamed({ content, properties, ...rest }: Tapped): Tapped {
  const id = randomUUID();
  const event = JSON.parse(content.toString()) as object; // it was heard as an event
  return {
    ...rest,
    content: Buffer.from(JSON.stringify({ ...event, id })),
    properties: { ...properties, messageId: id },
  };
}

const direct = (queue: string, content: Buffer): Tapped => ({
  exchange: '',
  routingKey: queue,
  content,
  properties: {
    messageId: randomUUID(),
    type: 'OrderCreated',
    correlationId: '',
    contentType: 'application/json',
    headers: {},
  },
});

const created = (orderId: string) =>
  envelop(
    'OrderCreated',
    {
      orderId,
      customerId: 'stranger',
      items: [{ productId: 'acorn-sticker', quantity: 1, unitPriceMinor: null }],
      currency: 'USD',
      paymentMethod: 'tok_success',
    },
    { id: randomUUID(), time: new Date().toISOString() },
  );

/** What no service can read, by what is wrong with it. */
function unreadable(): readonly Buffer[] {
  const event = created('o-1');
  const text = JSON.stringify(event);
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  return [
    Buffer.from(text.slice(0, 100)),
    Buffer.from('not json'),
    Buffer.from([0xff, 0xfe, 0x00, 0x41]),
    Buffer.alloc(300 * 1024, ' '),
    Buffer.from('['.repeat(100_000)),
    Buffer.from('{"__proto__":{"type":"OrderCreated"}}'),
    Buffer.from(text.replace('"quantity":1', '"quantity":NaN')),
    json({ ...event, data: { ...event.data, items: [{ productId: 'p', quantity: -1, unitPriceMinor: null }] } }),
    json({ ...event, schemaversion: 99 }),
    json({ ...event, type: 'OrderTeleported' }),
  ];
}

/** The rows. */
export const messageRows: readonly Row[] = [
  {
    number: 33,
    group: 'messages',
    fault: 'Every event of six seconds repeated ten times, under its own id',
    expected: 'effects once',
    youWillSee: 'the same `message_id` handled eleven times, ten times `unchanged`',
    inject: async (context) => {
      const { wire, heard } = await collect(context);
      await wire.say(heard.flatMap((message) => Array.from({ length: COPIES }, () => message)));
      await context.recovered();
      return { 'copies said': heard.length * COPIES, 'repetitions absorbed': ({ counters }) => counters.absorbed };
    },
  },
  {
    number: 34,
    group: 'messages',
    fault: 'Every event of six seconds said again under a new id',
    expected: 'keyed by the order, so known all the same',
    youWillSee: '`unchanged`, under ids that nobody sent',
    inject: async (context) => {
      const { wire, heard } = await collect(context);
      await wire.say(heard.map(renamed));
      await context.recovered();
      return { 'events said under a new id': heard.length };
    },
  },
  {
    number: 35,
    group: 'messages',
    fault: 'Every event of six seconds said again later, shuffled, three times over',
    expected: 'the same end whatever the order, and old news change nothing',
    youWillSee: '`unchanged`; some answers are given again, since who asks so late may have lost them',
    inject: async (context) => {
      const { wire, heard } = await collect(context);
      await pause(LISTEN_MS); // older than the healing time: long finished for those who hear it again
      for (let round = 0; round < 3; round++) await wire.say(shuffled(heard));
      await context.recovered();
      return {
        'old events said in another order': 3 * heard.length,
        'repetitions absorbed': (e) => e.counters.absorbed,
      };
    },
  },
  {
    number: 42,
    group: 'messages',
    fault: 'Malformed, oversized and malicious messages to every queue, and requests to order-service',
    expected: 'parked with the reason, no crash, no loop; 400, 413 and 415',
    youWillSee: '"message parked", and the reason in the header `x-reason`',
    quick: true,
    inject: async (context) => {
      const { system, poison, recovered } = context;
      const wire = await wireFor(context);
      const messages = system.all.flatMap(({ name }) => unreadable().map((content) => direct(name, content)));
      poison(messages.length);
      await wire.say(messages);
      const url = `${system.services.order.url}/orders`;
      const post = async (body: string, type = 'application/json') =>
        (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).status;
      const answers = [
        await post('{"customer_id":'),
        await post('{"customer_id":"c","items":[{"product_id":"p","quantity":-1}]}'),
        await post('{"__proto__":{"a":1},"customer_id":"c","items":[]}'),
        await post('['.repeat(10_000)),
        await post(`{"customer_id":"${'c'.repeat(70_000)}"}`),
        await post('customer_id=c', 'text/plain'),
      ];
      const expected = [400, 400, 400, 400, 413, 415];
      if (answers.join() !== expected.join()) throw new Error(`answered ${answers.join()}, not ${expected.join()}`);
      await recovered();
      return {
        'messages parked': ({ entries }) => entries.count('"msg":"message parked"'),
        'requests refused': answers.length,
        deaths: { none: ({ entries }) => entries.count('the service cannot go on') },
      };
    },
  },
  {
    number: 43,
    group: 'messages',
    fault: 'A message that kills inventory-service each time, in a batch with others',
    expected: 'runs alone after the first death, parked after three more; its neighbours are handled',
    youWillSee: 'four supervisor lines, then "message parked" with the reason POISON',
    inject: async (context) => {
      const { system, poison, recovered } = context;
      const { inventory } = system.services;
      const orderId = `poison-${randomUUID()}`;
      context.finally(() => inventory.restart());
      await inventory.arm({ env: { FAILPOINT: `before_commit/${orderId}:kill` } });
      const before = inventory.deaths.length;
      const wire = await wireFor(context);
      const content = Buffer.from(JSON.stringify(created(orderId)));
      poison(1);
      await wire.say([
        { ...direct('inventory-service', content), exchange: 'order.events', routingKey: 'OrderCreated' },
      ]);
      const queue = `queues/${system.virtualHost}/inventory-service.dead-letter/get`;
      await eventually(async () => {
        const body = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
        const found = await system.management.request('POST', queue, body);
        if (!JSON.stringify(found).includes('POISON')) throw new Error('the poison was not parked');
      }, POISON_WITHIN_MS);
      await recovered();
      return {
        'deaths of the service': inventory.deaths.length - before,
        'messages parked as poison': ({ entries }) => entries.count('"msg":"message parked"'),
      };
    },
  },
  {
    number: 45,
    group: 'messages',
    fault: 'notification-service takes 200 ms for each batch and has 20,000 messages before it',
    expected: 'the others do not notice, memory stays flat, the backlog is worked off',
    youWillSee: 'a long queue `notification-service`, and nothing else',
    inject: async (context) => {
      const { system, recovered } = context;
      const { notification } = system.services;
      const { wire, heard } = await collect(context);
      context.finally(() => notification.restart());
      await notification.arm({ env: { FAILPOINT: 'before_ack:sleep=200:every' } });
      await eventually(async () => {
        if (!(await notification.isReady())) throw new Error('notification-service is not ready');
      }, POISON_WITHIN_MS);
      const before = await residentBytes(notification.url);
      const heardByIt = new Set(
        topology.bindings.flatMap(({ queue, routingKey }) => (queue === notification.name ? [routingKey] : [])),
      );
      const known = heard.filter(({ routingKey }) => heardByIt.has(routingKey));
      const backlog = Array.from({ length: BACKLOG }, (_, n) => known[n % known.length]).flatMap((message) =>
        message ? [{ ...message, exchange: '', routingKey: notification.name }] : [],
      );
      await wire.say(backlog);
      await pause(2_000);
      const grown = (await residentBytes(notification.url)) - before;
      if (grown > MEMORY_GROWTH_MAX_BYTES) throw new Error(`its memory grew by ${String(grown)} bytes`);
      const othersMs = await recovered();
      return {
        'messages before it': backlog.length,
        'ms for a new order meanwhile': othersMs,
        'repetitions absorbed': ({ counters }) => counters.absorbed,
      };
    },
  },
];
