/**
 * The golden samples: events as they are on the wire today. A change that breaks one of these breaks a reader
 * somewhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { envelop, events, eventTypes, EVENT_MAX_BYTES, jsonSchemaOf, parseEvent, publisherOf } from '../src';

const folder = join(__dirname, '..', 'samples');
const sampleOf = (type: string) => readFileSync(join(folder, `${type}.json`));

const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true }));

test('there is a sample of every event, and of nothing else', () => {
  expect(readdirSync(folder).sort()).toEqual(eventTypes.map((type) => `${type}.json`).sort());
});

describe.each(eventTypes)('the sample of %s', (type) => {
  const sample = sampleOf(type);
  // A sample is a JSON object; the tests check its content.
  const json = JSON.parse(sample.toString()) as Record<string, unknown>;

  test('is read, and written again as it was', () => {
    const parsed = parseEvent(sample);
    expect(parsed).toEqual({ ok: true, event: json });
    if (parsed.ok) expect(JSON.parse(JSON.stringify(parsed.event))).toEqual(json);
  });

  test('is accepted by its JSON Schema, and refused by those of the others', () => {
    const validate = ajv.compile(jsonSchemaOf(type));
    expect(validate(json) ? [] : validate.errors).toEqual([]);
    for (const other of eventTypes.filter((name) => name !== type)) {
      expect(ajv.validate(jsonSchemaOf(other), json)).toBe(false);
    }
  });

  test('names its publisher as its source', () => {
    expect(json).toMatchObject({ source: `/quadrille/${publisherOf(type)}`, schemaversion: events[type].version });
  });

  test.each(Object.keys(json).filter((field) => field !== 'causationid' && field !== 'traceparent'))(
    'is refused without its %s',
    (field) => {
      const { [field]: removed, ...rest } = json;
      expect(removed).toBeDefined();
      const parsed = parseEvent(Buffer.from(JSON.stringify(rest)));
      expect(parsed).toMatchObject({ ok: false, error: { reason: expect.stringContaining(field) as string } });
    },
  );
});

test('an announcement in its envelope is what a reader reads', () => {
  const stamp = { id: '0199d3c4-5001-7000-8000-000000000001', time: '2026-11-21T09:30:00.120Z' };
  const data = { orderId: 'o-1', customerId: 'c-1' };
  const event = envelop('OrderCompleted', data, stamp);
  expect(event).toMatchObject({ type: 'OrderCompleted', subject: 'o-1', source: '/quadrille/order-service', data });
  expect(event).not.toHaveProperty('causationid');
  expect(parseEvent(Buffer.from(JSON.stringify(event)))).toEqual({ ok: true, event });
});

test('the largest order fits into a message', () => {
  const line = { productId: 'p'.repeat(64), quantity: 1000, unitPriceMinor: 10_000_000_000 };
  const data = {
    orderId: 'o'.repeat(64),
    customerId: 'c'.repeat(64),
    items: Array.from({ length: 100 }, () => line),
    currency: 'USD',
    paymentMethod: `tok_${'x'.repeat(60)}`,
  };
  const stamp = { id: 'i'.repeat(64), time: '2026-11-21T09:30:00.120Z', causationId: 'c'.repeat(64) };
  const payload = Buffer.from(JSON.stringify(envelop('OrderCreated', data, stamp)));
  expect(parseEvent(payload).ok).toBe(true);
  expect(payload.length * 4).toBeLessThan(EVENT_MAX_BYTES);
});
