import { prettyFactory } from 'pino-pretty';
import { prettyOptions } from './log';

test('in a terminal, a line has its time, its level, its service, its words and its fields, and no noise', () => {
  const line = prettyFactory({ ...prettyOptions, colorize: false })({
    level: 30,
    time: '2026-11-21T09:30:00.120Z',
    pid: 4711,
    hostname: 'machine',
    service: 'payment-service',
    event: 'InventoryReserved',
    order_id: 'o-1',
    msg: 'handled',
  });
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: payment-service: handled [^\n]+\n$/);
  expect(line).toContain('"event":"InventoryReserved"');
  expect(line).toContain('"order_id":"o-1"');
  expect(line).not.toMatch(/4711|machine/);
});
