/** What the broker allows a service's user. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Channel } from 'amqplib';
import { connectionsOf } from '../connections';
import { eventually } from '@quadrille/test-kit/src/eventually';
import { readinessOf, STATED_WITHIN_MS } from '../readiness';
import type { Row } from '../row';

/** How long the password does not fit: longer than the first pauses of those who try again. */
const LOCKED_OUT_MS = 6_000;

/** The rows. */
export const userRows: readonly Row[] = [
  {
    number: 50,
    group: 'broker',
    fault: "payment-service's password changed, and its connections closed",
    expected: 'not ready and says why, no crash, no lock-out of others; well as soon as the password fits',
    youWillSee: '"no connection to the broker" with the reason ACCESS_REFUSED',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const { password } = new URL(system.urls.payment.broker);
      const change = (to: string) =>
        system.management.request('PUT', 'users/payment-service', { password: to, tags: '' });
      whenOver(() => change(decodeURIComponent(password)));
      await change('another');
      const names = await connectionsOf(system, 'payment-service');
      for (const name of names) await system.management.request('DELETE', `connections/${encodeURIComponent(name)}`);
      await eventually(async () => {
        const state = await readinessOf(system.services.payment.url);
        if (state !== 'not ready') throw new Error(`payment-service says ${state}`);
      }, STATED_WITHIN_MS);
      await pause(LOCKED_OUT_MS);
      await change(decodeURIComponent(password));
      await recovered();
      return {
        'connections refused': ({ entries }) => entries.count('ACCESS_REFUSED') + entries.count('ACCESS-REFUSED'),
        'deaths of the service': { none: ({ entries }) => entries.count('the service cannot go on') },
      };
    },
  },
  {
    number: 51,
    group: 'broker',
    fault: "payment-service's user publishes an order event, reads another's queue, declares a queue",
    expected: '403 ACCESS_REFUSED each time; nobody else notices',
    youWillSee: 'an error of that connection in the log of the broker',
    inject: async ({ system, recovered }) => {
      const attempts: ((channel: Channel) => Promise<unknown>)[] = [
        async (channel) => {
          channel.publish('order.events', 'OrderConfirmed', Buffer.from('{}'));
          await channel.checkExchange('payment.events');
        },
        (channel) => channel.get('order-service'),
        (channel) => channel.assertQueue('mine'),
      ];
      let refused = 0;
      for (const attempt of attempts) {
        const connection = await connect(system.urls.payment.broker);
        connection.on('error', () => undefined); // as a channel's error, below
        const channel = await connection.createChannel();
        const reason = await new Promise<string>((resolve) => {
          channel.once('error', (error: Error) => {
            resolve(error.message);
          });
          attempt(channel).then(
            () => {
              resolve('allowed');
            },
            () => undefined, // the channel's own error says why
          );
        });
        if (reason.includes('ACCESS_REFUSED')) refused += 1;
        await connection.close().catch(() => undefined);
      }
      if (refused < attempts.length) throw new Error(`${String(attempts.length - refused)} were allowed`);
      await recovered();
      return {
        'attempts refused with 403': refused,
        'connections of services lost': { none: ({ entries }) => entries.count('channel lost') },
      };
    },
  },
];
