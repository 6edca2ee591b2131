import { readConfig } from '@quadrille/service-chassis';
import { configSchema } from './config';

const servers = { DATABASE_URL: 'postgresql://db.example/n', RABBITMQ_URL: 'amqp://mq.example/q' };
const read = (environment: Readonly<Record<string, string>>) =>
  readConfig(configSchema, { ...servers, ...environment });

test('mail is off unless it is configured', () => {
  expect(read({})).toMatchObject({ PORT: 8004 });
  expect(read({}).SMTP_URL).toBeUndefined();
});

test.each(['orders@shop.example', 'Quadrille <orders@shop.example>'])('%s can be the sender', (from) => {
  expect(read({ SMTP_URL: 'smtps://user:secret@mail.example', SMTP_FROM: from }).SMTP_FROM).toBe(from);
});

test.each([
  [{ SMTP_URL: 'smtp://mail.example' }, 'SMTP_FROM'],
  [{ SMTP_URL: 'http://mail.example', SMTP_FROM: 'orders@shop.example' }, 'SMTP_URL'],
  [{ SMTP_URL: 'smtp://mail.example', SMTP_FROM: 'nobody' }, 'SMTP_FROM'],
  [{ SMTP_URL: 'smtp://mail.example', SMTP_FROM: 'a@b.example\nBcc: c@d.example' }, 'SMTP_FROM'],
])('%j is refused, naming %s', (environment, name) => {
  expect(() => read(environment)).toThrow(name);
});
