import { readSetup } from './set-up';

const complete = {
  DATABASE_URL: 'postgresql://admin:secret@postgres:5432/postgres',
  RABBITMQ_URL: 'amqp://admin:secret@rabbitmq:5672/quadrille',
  ORDER_PASSWORD: 'a',
  INVENTORY_PASSWORD: 'b',
  PAYMENT_PASSWORD: 'c',
  NOTIFICATION_PASSWORD: 'd',
};

test('a complete environment', () => {
  expect(readSetup(complete)).toEqual({
    databaseUrl: complete.DATABASE_URL,
    amqpUrl: complete.RABBITMQ_URL,
    managementUrl: undefined,
    passwords: { order: 'a', inventory: 'b', payment: 'c', notification: 'd' },
  });
});

test('every problem is named at once', () => {
  const wrong = { ...complete, RABBITMQ_URL: 'http://rabbitmq', PAYMENT_PASSWORD: '', ORDER_PASSWORD: undefined };
  expect(() => readSetup(wrong)).toThrow(/RABBITMQ_URL[^]*ORDER_PASSWORD[^]*PAYMENT_PASSWORD/);
});
