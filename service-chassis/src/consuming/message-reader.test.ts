import { z } from 'zod';
import type { ConsumeMessage } from 'amqplib';
import { createReader, shortString } from './message-reader';

test('a property can be sent on while it is no longer than a short string of AMQP', () => {
  expect(shortString('x'.repeat(255))).toBe('x'.repeat(255));
  expect(shortString('x'.repeat(256))).toBeUndefined();
  expect(shortString(undefined)).toBeUndefined();
  expect(shortString(7)).toBeUndefined();
});

test("a stranger's bytes that are no UTF-8 are longer when they have been read", () => {
  const read = Buffer.alloc(86, 0xff).toString();
  expect(shortString(read)).toBeUndefined();
});

test('a message that a schema trips over is unreadable like any other', () => {
  const own = z.object({ type: z.string() }).transform((): { type: string } => {
    throw new Error('tripped');
  });
  const read = createReader({ service: 'payment-service', hears: [], own });
  const content = Buffer.from(JSON.stringify({ orderId: 'order-1', message: { type: 'Remind' } }));
  // The parts of a delivery that the reader uses.
  const delivery = { content, fields: { exchange: 'payment-service.control' }, properties: {} } as ConsumeMessage;
  expect(read(delivery)).toEqual({ ok: false, reason: 'UNREADABLE: tripped' });
});
