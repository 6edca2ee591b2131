import { readConfig } from '@quadrille/service-chassis';
import { configSchema } from './config';

const servers = { DATABASE_URL: 'postgresql://db.example/p', RABBITMQ_URL: 'amqp://mq.example/q' };
const read = (environment: Readonly<Record<string, string>>) =>
  readConfig(configSchema, { ...servers, ...environment });

test('everything of its own has a default', () => {
  expect(read({})).toMatchObject({
    PORT: 8003,
    PAYMENT_SUCCESS_RATE: 0.8,
    PAYMENT_LATENCY_MS: [0, 0],
    GATEWAY_TIMEOUT_MS: 2_000,
  });
});

test.each([
  ['0', 0],
  ['0.25', 0.25],
  ['.5', 0.5],
  ['1', 1],
  ['1.0', 1],
])('PAYMENT_SUCCESS_RATE=%s is %d', (text, rate) => {
  expect(read({ PAYMENT_SUCCESS_RATE: text }).PAYMENT_SUCCESS_RATE).toBe(rate);
});

test.each([
  ['0', [0, 0]],
  ['50', [50, 50]],
  ['50-200', [50, 200]],
  ['50-50', [50, 50]],
])('PAYMENT_LATENCY_MS=%s is a range of milliseconds', (text, range) => {
  expect(read({ PAYMENT_LATENCY_MS: text }).PAYMENT_LATENCY_MS).toEqual(range);
});

test.each([
  ['200-50', 'PAYMENT_LATENCY_MS: must name the smaller number first, such as 50-200'],
  ['soon', 'PAYMENT_LATENCY_MS: must be a number of milliseconds or a range such as 50-200'],
  ['5-', 'PAYMENT_LATENCY_MS: must be a number of milliseconds or a range such as 50-200'],
  ['-5', 'PAYMENT_LATENCY_MS: must be a number of milliseconds or a range such as 50-200'],
])('PAYMENT_LATENCY_MS=%s is refused, with what would be right', (text, problem) => {
  const message = `The environment is not right:\n  ${problem}`;
  expect(() => read({ PAYMENT_LATENCY_MS: text })).toThrow(new Error(message));
});

test.each([
  { PAYMENT_SUCCESS_RATE: '1.1' },
  { PAYMENT_SUCCESS_RATE: 'often' },
  { PAYMENT_SUCCESS_RATE: '0x1' },
  { PAYMENT_SUCCESS_RATE: '1e-1' },
  { GATEWAY_TIMEOUT_MS: '9' },
  { GATEWAY_TIMEOUT_MS: '3001' },
])('%j is refused, by its name', (environment) => {
  expect(() => read(environment)).toThrow(Object.keys(environment)[0]);
});
