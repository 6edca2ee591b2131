import { z } from 'zod';
import { installZodMessages } from '../validation/zod-messages';
import { commonConfig, ConfigurationError, millisecondsSchema, portConfig, readConfig } from './config';

beforeAll(installZodMessages);

const schema = z.object({
  ...commonConfig,
  PORT: portConfig(8001),
  ORDER_DEADLINE_MS: millisecondsSchema.default(1000),
});
const servers = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:5432/order', RABBITMQ_URL: 'amqp://u:p@127.0.0.1:5672/q' };

test('the two servers are enough; everything else has a default', () => {
  expect(readConfig(schema, servers)).toEqual({
    ...servers,
    HOST: '127.0.0.1',
    PORT: 8001,
    LOG_LEVEL: 'info',
    DATABASE_POOL_SIZE: 8,
    CURRENCY: 'USD',
    HEALING_AFTER_MS: 30_000,
    ORDER_DEADLINE_MS: 1000,
  });
});

test('numbers are read from their text, and what is not ours is left alone', () => {
  const config = readConfig(schema, { ...servers, PORT: '9001', ORDER_DEADLINE_MS: '50', HOME: '/root' });
  expect(config).toMatchObject({ PORT: 9001, ORDER_DEADLINE_MS: 50 });
  expect(config).not.toHaveProperty('HOME');
});

test('a broker may be a cluster', () => {
  const nodes = 'amqp://u:p@one:5672/q, amqps://u:p@two/q';
  expect(readConfig(schema, { ...servers, RABBITMQ_URL: nodes })).toMatchObject({
    RABBITMQ_URL: 'amqp://u:p@one:5672/q,amqps://u:p@two/q',
  });
  for (const wrong of ['amqp://one,http://two', 'amqp://one,', ',']) {
    expect(() => readConfig(schema, { ...servers, RABBITMQ_URL: wrong })).toThrow(
      /RABBITMQ_URL: must be an amqp:.*separated by commas/,
    );
  }
});

test('an empty variable counts as unset', () => {
  expect(readConfig(schema, { ...servers, PORT: '', CURRENCY: '' })).toMatchObject({ PORT: 8001, CURRENCY: 'USD' });
});

test('every problem is listed at once, each with its name and what would be right', () => {
  const env = {
    DATABASE_URL: 'mysql://localhost',
    PORT: '70000',
    CURRENCY: 'dollars',
    LOG_LEVEL: 'loud',
    ORDER_DEADLINE_MS: 'soon',
  };
  const read = () => readConfig(schema, env);
  expect(read).toThrow(ConfigurationError);
  for (const problem of [
    /DATABASE_URL: must be a postgresql:\/\/ URL/,
    /RABBITMQ_URL: is missing; must be an amqp:\/\/ or amqps:\/\/ URL/,
    /PORT: must be a whole number from 0 to 65535/,
    /CURRENCY: must be three capital letters/,
    /LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent/,
    /ORDER_DEADLINE_MS: must be a whole number from 1 to 86400000/,
  ]) {
    expect(read).toThrow(problem);
  }
});

test('a secret in a wrong URL does not reach the message', () => {
  const read = () => readConfig(schema, { ...servers, DATABASE_URL: 'mysql://u:s3cret@h/d' });
  expect(read).toThrow(ConfigurationError);
  expect(read).not.toThrow(/s3cret/);
});
