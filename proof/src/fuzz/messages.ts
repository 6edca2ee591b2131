/**
 * Messages for the services' queues, straight into them and through their delay queues. Each is either unreadable to
 * the service that gets it, and must be parked by it, exactly once; or an event about an unknown order, which must
 * be absorbed. Which it is, the service's own reader says.
 */
import { connect, type ConsumeMessage, type Options } from 'amqplib';
import fc from 'fast-check';
import { createReader } from '@quadrille/service-chassis/src/consuming/message-reader';
import { envelop, EVENT_MAX_BYTES, eventTypes, jsonSchemaOf, type EventType } from '@quadrille/shared-events';
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import { damaged, hostileBodies, hostileText, hostileValue, jsonOf, mutated, wellFormed } from './hostile';
import { fitting } from './fitting';

/** Messages that are published before their confirms are waited for. */
const BURST = 100;

/** Messages that are made up at once: few, so that the rest of this process is not kept waiting. */
const CHUNK = 20;

/** Longest short string of AMQP, in bytes; hostile texts have up to three bytes a character. */
const SHORT_MAX = 80;

/** One message. */
interface FuzzMessage {
  /** The queue that it is put into, by the default exchange. */
  readonly queue: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/** What was sent. */
export interface MessagesResult {
  /** By queue. */
  readonly sent: ReadonlyMap<string, number>;
  /** Unreadable ones: each must end in a parking queue. */
  readonly poison: number;
}

const short = hostileText.map((text) => wellFormed(text.slice(0, SHORT_MAX)));
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 3 });

/** Headers of any kind that AMQP knows, and those that mean something to somebody. */
const headers = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      'x-death',
      'x-delivery-count',
      'x-reason',
      'x-replays',
      'x-history',
      'x-original-exchange',
      'traceparent',
      '__proto__',
    ),
    short.filter((name) => name !== ''),
  ),
  fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      1.5,
      2 ** 40,
      ['a', 1, null],
      { a: { b: [1] } },
      Buffer.from([0, 255]),
      'x'.repeat(5_000),
    ),
    short,
  ),
  { maxKeys: 4 },
);

const properties: fc.Arbitrary<Options.Publish> = fc
  .record({
    messageId: optional(short),
    type: optional(fc.oneof(short, fc.constantFrom<string>(...eventTypes))),
    correlationId: optional(short),
    contentType: optional(short),
    contentEncoding: optional(fc.constantFrom('gzip', 'utf-16', '')),
    appId: optional(short),
    replyTo: optional(short),
    priority: optional(fc.nat({ max: 255 })),
    timestamp: optional(fc.constantFrom(0, 1, 2 ** 31, 2 ** 52)),
    headers: optional(headers),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));

const anyEvent = fc.constantFrom(...eventTypes).chain((type) => fitting(jsonSchemaOf(type)));

/** Contents that are not, or hardly, events. */
const anyContent: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: mutated(anyEvent).map(jsonOf) },
  { weight: 6, arbitrary: damaged(anyEvent) },
  { weight: 4, arbitrary: hostileValue.map(jsonOf) },
  { weight: 4, arbitrary: fc.constantFrom(...hostileBodies) },
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)) },
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map((n) => Buffer.alloc(EVENT_MAX_BYTES + n - 1, 'x')) },
);

/** Events that change nothing where their order is unknown. */
const absorbed: Readonly<Partial<Record<ShortName, readonly EventType[]>>> = {
  order: ['PaymentVoided', 'PaymentFailed', 'InventoryUnavailable'],
  inventory: ['OrderConfirmed', 'PaymentFailed'],
};

const data: Partial<Record<EventType, object>> = {
  PaymentFailed: { attempts: 1, reason: 'DECLINED' },
  OrderConfirmed: { totalMinor: 1, currency: 'USD' },
  InventoryUnavailable: {
    reason: 'OUT_OF_STOCK',
    lines: [{ productId: 'x', quantity: 1, quantityAvailable: 0, unitPriceMinor: null }],
  },
};

const about = (type: EventType, orderId: string): Buffer => {
  const who = { orderId, customerId: 'fuzz-customer' };
  // Beside `who`, exactly the data of this type.
  const event = envelop(
    type,
    { ...who, ...data[type] },
    {
      id: `for-${orderId}`,
      time: '2026-01-01T00:00:00.000Z',
    },
  );
  return Buffer.from(JSON.stringify(event));
};

/** Whether the service can read a message, by its own reader. */
const readers = new Map(
  shortNames.map((name) => {
    const { table } = services[name];
    // The keys of `hears` are event types.
    return [name, createReader({ service: table.name, hears: Object.keys(table.hears) as EventType[] })] as const;
  }),
);
function isReadable(name: ShortName, content: Buffer): boolean {
  // What the reader looks at of a message that came through the default exchange.
  const delivery = { content, fields: { exchange: '' }, properties: { headers: {} } } as unknown as ConsumeMessage;
  return readers.get(name)?.(delivery).ok === true;
}

/** The queues that the services consume. */
const consumed = shortNames.flatMap((name) => queuesOf(services[name].table).map((queue) => ({ name, queue })));

/** Delay queues, whose messages come to their service through its control exchange: there no event is readable. */
const delayQueues = topology.queues.map(({ name }) => name).filter((name) => name.includes('.retry.'));

/**
 * RabbitMQ 3 takes a message with a death of its own for one that goes in circles, and drops it: that is the broker's
 * affair.
 */
const withoutDeaths = (given: unknown): object =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => name !== 'x-death'));

const unreadable: fc.Arbitrary<FuzzMessage> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({ from: fc.constantFrom(...consumed), content: anyContent, options: properties })
      .filter(({ from, content }) => !isReadable(from.name, content))
      .map(({ from, ...rest }) => ({ queue: from.queue, ...rest })),
  },
  {
    weight: delayQueues.length > 0 ? 1 : 0,
    arbitrary: fc
      .record({ queue: fc.constantFrom(...delayQueues), content: anyContent, options: properties })
      .map(({ options, ...rest }) => ({ ...rest, options: { ...options, headers: withoutDeaths(options.headers) } })),
  },
);

const harmless: fc.Arbitrary<FuzzMessage> = fc
  .constantFrom(...shortNames.flatMap((name) => (absorbed[name] ?? []).map((type) => ({ name, type }))))
  .chain(({ name, type }) =>
    fc.record({
      queue: fc.constant<string>(services[name].table.name),
      content: fc.nat().map((n) => about(type, `fuzz-unknown-${String(n)}`)),
      options: properties,
    }),
  );

const anyMessage = fc.oneof(
  { weight: 9, arbitrary: unreadable.map((message) => ({ ...message, poison: true })) },
  { weight: 1, arbitrary: harmless.map((message) => ({ ...message, poison: false })) },
);

/** Puts messages into the queues as an administrator, who may. Resolves when the broker has all of them. */
export async function fuzzMessages(options: {
  readonly amqp: string;
  readonly messages: number;
  readonly seed: number;
  readonly onProgress?: (sent: number) => void;
}): Promise<MessagesResult> {
  const connection = await connect(options.amqp, { timeout: 10_000 });
  const lost: Error[] = [];
  connection.on('error', (error: Error) => lost.push(error));
  const channel = await connection.createConfirmChannel();
  channel.on('error', (error: Error) => lost.push(error));
  const sent = new Map<string, number>();
  let count = 0;
  let poison = 0;
  try {
    for (let chunk = 0; count < options.messages; chunk++) {
      await new Promise(setImmediate);
      for (const message of fc.sample(anyMessage, { seed: options.seed * 7_919 + chunk, numRuns: CHUNK })) {
        if (count === options.messages) break;
        count += 1;
        if (message.poison) poison += 1;
        sent.set(message.queue, (sent.get(message.queue) ?? 0) + 1);
        channel.sendToQueue(message.queue, message.content, { ...message.options, persistent: true, mandatory: true });
        if (count % BURST === 0) {
          await channel.waitForConfirms();
          options.onProgress?.(count);
        }
      }
    }
    await channel.waitForConfirms();
    if (lost[0]) throw lost[0];
  } finally {
    await connection.close().catch(() => undefined);
  }
  return { sent, poison };
}
