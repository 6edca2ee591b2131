/** notification-service as its neighbours and its customers see it: through the broker, over HTTP, by mail. */
import type { AddressInfo } from 'node:net';
import { envelop } from '@quadrille/shared-events';
import { eventually, startServiceUnderTest, type ServiceUnderTest } from '@quadrille/test-kit';
import { SMTPServer } from 'smtp-server';
import { createApp } from './app';
import { configSchema } from './config';

/** A mail that is not out is sent again after this long: short, so that the test need not wait. */
const HEALING_AFTER_MS = '200';

/** A mail server that keeps what it is given, and refuses as often as it is told to. */
async function startMailServer() {
  const mails: string[] = [];
  const refusals = { left: 0 };
  const pace = { ms: 0 };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, callback) => {
      if (refusals.left === 0) {
        callback();
        return;
      }
      refusals.left -= 1;
      callback(Object.assign(new Error('try again later'), { responseCode: 451 }));
    },
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        setTimeout(callback, pace.ms);
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // A TCP server that listens has an address of this form; string and null are for pipes and closed servers.
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${String(port)}`,
    mails,
    refusals,
    pace,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(resolve);
      }),
  };
}

let mailServer: Awaited<ReturnType<typeof startMailServer>>;
let notification: ServiceUnderTest;

beforeAll(async () => {
  mailServer = await startMailServer();
  notification = await startServiceUnderTest({
    name: 'notification-service',
    configSchema,
    createApp,
    environment: { SMTP_URL: mailServer.url, SMTP_FROM: 'Quadrille <orders@shop.example>', HEALING_AFTER_MS },
  });
});
afterAll(async () => {
  await notification.stop();
  await mailServer.close();
});

let messages = 0;
const stamp = () => ({ id: `message-${String(++messages)}`, time: new Date().toISOString() });
const orderConfirmed = (orderId: string, customerId: string) =>
  envelop('OrderConfirmed', { orderId, customerId, totalMinor: 2_000, currency: 'USD' }, stamp());
const paymentProcessed = (orderId: string, customerId: string) =>
  envelop(
    'PaymentProcessed',
    { orderId, customerId, paymentId: 'p', totalMinor: 2_000, currency: 'USD', attempts: 1 },
    stamp(),
  );

interface Told {
  readonly notification_id: string;
  readonly kind: string;
  readonly channel: string;
}
const toldTo = async (customerId: string, query = '') => {
  const { body } = await notification.request('GET', `/notifications/customer/${customerId}${query}`);
  return body as { readonly items: readonly Told[]; readonly next_cursor: string | null };
};
const pendingMails = async () => {
  const { rows } = await notification.database.query('SELECT FROM notification WHERE sent_at IS NULL');
  return rows.length;
};

test('without an address a customer is told by the log, once for each kind, newest first', async () => {
  for (const event of [paymentProcessed('log-1', 'grace'), orderConfirmed('log-1', 'grace')]) {
    await notification.publish(event);
    await notification.publish(event);
    await eventually(async () => {
      expect((await toldTo('grace')).items[0]).toMatchObject({ order_id: 'log-1' });
    });
  }
  await eventually(async () => {
    const { items, next_cursor } = await toldTo('grace');
    expect(items).toMatchObject([
      { kind: 'CONFIRMED', channel: 'log', customer_id: 'grace', subject: 'Your order is confirmed' },
      { kind: 'PAYMENT_RECEIVED', channel: 'log' },
    ]);
    expect(next_cursor).toBeNull();
  });
  const first = await toldTo('grace', '?limit=1');
  expect(first.items).toMatchObject([{ kind: 'CONFIRMED' }]);
  const second = await toldTo('grace', `?limit=1&cursor=${String(first.next_cursor)}`);
  expect(second).toMatchObject({ items: [{ kind: 'PAYMENT_RECEIVED' }], next_cursor: null });
});

test('a customer with an address gets a mail, with a stable Message-ID', async () => {
  const put = await notification.request('PUT', '/customers/ada', { email: 'ada@home.example' });
  expect(put).toMatchObject({ status: 200, body: { customer_id: 'ada', email: 'ada@home.example' } });
  await notification.publish(orderConfirmed('mail-1', 'ada'));
  const mail = await eventually(() => {
    const found = mailServer.mails.find((each) => each.includes('mail-1'));
    if (found === undefined) throw new Error('no mail yet');
    return found;
  });
  const { items } = await toldTo('ada');
  expect(items).toMatchObject([{ kind: 'CONFIRMED', channel: 'smtp', order_id: 'mail-1' }]);
  expect(mail).toContain(`Message-ID: <${String(items[0]?.notification_id)}@shop.example>`);
  expect(mail).toMatch(/^From: Quadrille <orders@shop.example>\r?$/m);
  expect(mail).toMatch(/^To: ada@home.example\r?$/m);
  expect(mail).toMatch(/^Subject: Your order is confirmed\r?$/m);
  await eventually(async () => {
    expect(await pendingMails()).toBe(0);
  });
});

test('a mail that the server refuses is sent again until it is taken', async () => {
  await notification.request('PUT', '/customers/edsger', { email: 'edsger@home.example' });
  mailServer.refusals.left = 2;
  await notification.publish(orderConfirmed('mail-2', 'edsger'));
  await eventually(async () => {
    expect(mailServer.mails.some((mail) => mail.includes('mail-2'))).toBe(true);
    expect(await pendingMails()).toBe(0);
  });
  expect(mailServer.refusals.left).toBe(0);
  const { rows } = await notification.database.query(
    "SELECT attempts >= 3 AS tried, due_at, channel FROM notification WHERE order_id = 'mail-2'",
  );
  expect(rows).toEqual([{ tried: true, due_at: null, channel: 'smtp' }]);
});

test('mails that wait for a slow server until they are overdue are sent once all the same', async () => {
  await notification.request('PUT', '/customers/tony', { email: 'tony@home.example' });
  mailServer.pace.ms = 500;
  const orderIds = Array.from({ length: 30 }, (_, n) => `slow-${String(n)}-end`);
  for (const orderId of orderIds) await notification.publish(orderConfirmed(orderId, 'tony'));
  await eventually(async () => {
    expect(mailServer.mails.filter((mail) => mail.includes('slow-'))).not.toHaveLength(0);
    expect(await pendingMails()).toBe(0);
  });
  mailServer.pace.ms = 0;
  const { rows } = await notification.database.query(
    "SELECT max(attempts) AS most FROM notification WHERE order_id LIKE 'slow-%'",
  );
  expect(rows).not.toEqual([{ most: 1 }]); // or none was overdue, and nothing is proven
  for (const orderId of orderIds) expect(mailServer.mails.filter((mail) => mail.includes(orderId))).toHaveLength(1);
});

test('POST /notifications tells a customer something about no order', async () => {
  const body = { customer_id: 'barbara', subject: 'We moved', message: 'Find us\naround the corner.' };
  const { status, body: told } = await notification.request('POST', '/notifications', body);
  expect(status).toBe(202);
  expect(told).toMatchObject({ ...body, order_id: null, kind: 'DIRECT', channel: 'log' });
  expect((await toldTo('barbara')).items).toEqual([told]);
  await notification.request('PUT', '/customers/barbara', { email: 'barbara@home.example' });
  expect((await notification.request('POST', '/notifications', body)).body).toMatchObject({ channel: 'smtp' });
  await eventually(() => {
    expect(mailServer.mails.filter((mail) => mail.includes('To: barbara@home.example'))).toHaveLength(1);
  });
});

test('what nobody can read goes to the invalid queue, and what follows is told', async () => {
  await notification.publishRaw('OrderConfirmed', Buffer.from('{"type":"OrderConfirmed","schemaversion":99}'));
  await notification.publish(orderConfirmed('after-1', 'alan'));
  await eventually(async () => {
    expect((await toldTo('alan')).items).toHaveLength(1);
  });
  await expect(notification.take('notification-service.invalid')).rejects.toThrow('schemaversion');
});

const valid = { customer_id: 'x', subject: 'Hello', message: 'Hello' };

test.each([
  ['POST', '/notifications', {}, 'customer_id'],
  ['POST', '/notifications', { ...valid, customer_id: 'a b' }, 'customer_id'],
  ['POST', '/notifications', { ...valid, subject: 'two\nlines' }, 'subject'],
  ['POST', '/notifications', { ...valid, subject: '' }, 'subject'],
  ['POST', '/notifications', { ...valid, subject: 'x'.repeat(201) }, 'subject'],
  ['POST', '/notifications', { ...valid, message: ' \n\t ' }, 'message'],
  ['POST', '/notifications', { ...valid, message: 'nul\u0000' }, 'message'],
  ['POST', '/notifications', { ...valid, message: 'lone \ud800 surrogate' }, 'message'],
  ['POST', '/notifications', { ...valid, message: 'x'.repeat(10_001) }, 'message'],
  ['POST', '/notifications', { ...valid, bcc: 'everybody' }, 'bcc'],
  ['PUT', '/customers/x', { email: 'nobody' }, 'email'],
  ['PUT', '/customers/x', { email: 'a@b.example, c@d.example' }, 'email'],
  ['PUT', '/customers/x', { email: `${'a'.repeat(250)}@b.example` }, 'email'],
  ['PUT', '/customers/x!', { email: 'a@b.example' }, 'customer_id'],
  ['GET', '/notifications/customer/x?limit=101', undefined, 'limit'],
])('%s %s %j is refused with 400', async (method, path, body, field) => {
  const answer = await notification.request(method, path, body);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ status: 400, instance: path });
  // A body may have several problems; the one in question is among them.
  expect((answer.body as { errors: { field: string }[] }).errors.map((error) => error.field)).toContain(field);
  expect((await toldTo('x')).items).toEqual([]);
});
