/** The broker dies, stops, refuses, forgets. Long because it is a list: each row stands alone and is read alone. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Channel } from 'amqplib';
import { z } from 'zod';
import { declareTopology } from '../../broker/declare';
import { metric } from '../../load/figures';
import { services, shortNames, topology } from '../../services';
import { eventually } from '../eventually';
import type { Proof, Row, Scene } from '../row';
import type { Stage } from '../stage';

/** How long a server stays away: longer than the first pauses of those who reconnect. */
const AWAY_MS = 3_000;

const connectionsSchema = z.array(z.object({ name: z.string(), user: z.string() }));

/** How long it is frozen: longer than two heartbeats. */
const FROZEN_MS = 40_000;

/** How long an alarm lasts. */
const ALARM_MS = 10_000;

/** A service notices what is wrong by then. */
const STATED_WITHIN_MS = 30_000;

/** The broker's own defaults of what a row changes. */
const CONSUMER_TIMEOUT_DEFAULT_MS = 1_800_000;
const CHANNEL_TICK_DEFAULT_MS = 60_000;

/** To every process of the broker's session: the node and the script that started it. */
function signalBroker(stage: Stage, signal: NodeJS.Signals): void {
  process.kill(-stage.broker().process.pid, signal);
}

/** No last words. */
const killBroker = (stage: Stage) => {
  signalBroker(stage, 'SIGKILL');
};

const readinessSchema = z.object({ status: z.string() });

/** What a service says about itself. */
async function readinessOf(url: string): Promise<string> {
  try {
    return readinessSchema.parse(await (await fetch(`${url}/readyz`)).json()).status;
  } catch {
    return 'nothing';
  }
}

/** Exchanges, queues and bindings as they must be; users keep their passwords. */
const declareAgain = ({ management, urls, virtualHost }: Stage) =>
  declareTopology(management, topology, { virtualHost: decodeURIComponent(virtualHost), userPrefix: '' }, (service) => {
    const short = shortNames.find((name) => services[name].table.name === service) ?? 'order';
    return decodeURIComponent(new URL(urls[short].broker).password);
  });

/** The connections of services, or of one, as the management API names them. */
async function connectionsOf({ management }: Stage, service = '-service'): Promise<string[]> {
  const all = connectionsSchema.parse(await management.request('GET', 'connections?columns=name,user'));
  return all.filter(({ user }) => user.endsWith(service)).map(({ name }) => name);
}

const binding = (stage: Stage, exchange: string, queue: string) =>
  `bindings/${stage.virtualHost}/e/${exchange}/q/${queue}`;

/** The rows. */
export const brokerRows: readonly Row[] = [
  {
    number: 10,
    group: 'broker',
    fault: 'SIGKILL of the broker, with unconfirmed publishes',
    expected: 'nothing confirmed is lost, the rest is sent again, reconnected within 15 s',
    youWillSee: 'order-service `degraded`, the others not ready; orders are taken and wait; then all of it at once',
    quick: true,
    inject: async ({ stage, recovered }) => {
      killBroker(stage);
      await stage.broker().process.ended;
      await pause(AWAY_MS);
      await stage.restartBroker();
      await recovered();
      return {
        'connections lost': ({ entries }) => entries.count('channel lost'),
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 11,
    group: 'broker',
    fault: 'Graceful stop and start of the broker, and another stop while services reconnect',
    expected:
      '320 CONNECTION_FORCED is a reason to reconnect and nothing else, also in the middle of opening a channel',
    youWillSee: '"channel lost" with the reason CONNECTION_FORCED, then "connected to the broker"',
    inject: async ({ stage, recovered }) => {
      await stage.broker().control('stop_app');
      await pause(AWAY_MS);
      await stage.broker().control('start_app');
      await stage.broker().control('stop_app');
      await stage.broker().control('start_app');
      await recovered();
      return {
        'connections forced to close': ({ entries }) => entries.count('CONNECTION-FORCED'),
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 17,
    group: 'broker',
    fault: 'All connections of the services closed by an operator, five times',
    expected: 'each is opened again, its consumer too; no storm',
    youWillSee: '"channel lost", and "connected to the broker" with the next epoch',
    inject: async ({ stage, recovered }) => {
      let closed = 0;
      for (let round = 0; round < 5; round++) {
        for (const name of await connectionsOf(stage)) {
          // One may have gone by itself since it was listed.
          const path = `connections/${encodeURIComponent(name)}`;
          if (
            await stage.management.request('DELETE', path).then(
              () => true,
              () => false,
            )
          )
            closed += 1;
        }
        await pause(AWAY_MS);
      }
      await recovered();
      return {
        'connections closed': closed,
        'connections opened again': ({ entries }) => entries.count('connected to the broker'),
        redelivered: ({ counters }) => counters.redelivered,
      };
    },
  },
  {
    number: 21,
    group: 'broker',
    fault:
      'Bindings removed: of OrderCreated (nobody hears it) and of InventoryReserved to payment-service (one does not)',
    expected: 'the first is returned and stays in the outbox, the second is asked for again by a nudge',
    youWillSee: '"nobody is bound to this message"; `overdue_swept_total` rises',
    inject: async ({ stage, recovered, finally: whenOver }) => {
      const bindings = [
        ['order.events', 'inventory-service', 'OrderCreated'],
        ['inventory.events', 'payment-service', 'InventoryReserved'],
      ] as const;
      const bind = async () => {
        for (const [exchange, queue, routing_key] of bindings)
          await stage.management.request('POST', binding(stage, exchange, queue), { routing_key });
      };
      whenOver(bind);
      for (const [exchange, queue, key] of [...bindings].reverse()) {
        await stage.management.request('DELETE', `${binding(stage, exchange, queue)}/${key}`);
        await pause(AWAY_MS);
      }
      await pause(AWAY_MS);
      await bind();
      await recovered();
      return {
        'messages returned': ({ entries }) => entries.count('nobody is bound to this message'),
        'rows relayed': ({ counters }) => counters.relayed,
        'reservations announced again': () => stage.sweptBy('inventory'),
      };
    },
  },
  {
    number: 12,
    group: 'broker',
    fault: 'The broker frozen for 40 s (SIGSTOP)',
    expected: 'noticed by heartbeat within 30 s, publishes time out, nothing is lost',
    youWillSee: '"channel lost" with the reason "heartbeat timeout" or "no confirm within 15000 ms"',
    inject: async ({ stage, recovered }) => {
      signalBroker(stage, 'SIGSTOP');
      await pause(FROZEN_MS);
      signalBroker(stage, 'SIGCONT');
      await recovered();
      return {
        'connections given up': ({ entries }) => entries.count('channel lost'),
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 13,
    group: 'broker',
    fault: 'The services started while the broker is down',
    expected: 'they wait and connect; order-service takes orders meanwhile and says degraded, the others are not ready',
    youWillSee: '"no connection to the broker" again and again, up to 3 s apart',
    inject: async ({ stage, load, recovered }) => {
      killBroker(stage);
      await stage.broker().process.ended;
      for (const service of stage.all) await service.arm({});
      const before = load.placed.size;
      const states = await eventually(async () => {
        const found = await Promise.all(stage.all.map(({ url }) => readinessOf(url)));
        const [order, ...others] = found;
        if (order !== 'degraded' || others.some((state) => state !== 'not ready'))
          throw new Error(`the services say ${found.join(', ')}`);
        return found;
      }, STATED_WITHIN_MS);
      await pause(AWAY_MS);
      const taken = load.placed.size - before;
      await stage.restartBroker();
      await recovered();
      return { 'services that said what was wrong': states.length, 'orders taken without a broker': taken };
    },
  },
  {
    number: 14,
    group: 'broker',
    fault: 'Memory alarm of the broker, 10 s',
    expected: 'publishing pauses, consuming goes on, orders are taken into the outbox, and leave it afterwards',
    youWillSee: '"the broker refuses publishes; they wait in the outbox"; order-service `degraded`',
    inject: (scene) =>
      alarm(scene, ['set_vm_memory_high_watermark', '0.00001'], ['set_vm_memory_high_watermark', '0.4']),
  },
  {
    number: 15,
    group: 'broker',
    fault: 'Disk alarm of the broker, 10 s',
    expected: 'as with the memory alarm',
    youWillSee: 'as with the memory alarm',
    inject: (scene) => alarm(scene, ['set_disk_free_limit', '999GB'], ['set_disk_free_limit', '50MB']),
  },
  {
    number: 18,
    group: 'broker',
    fault: "A channel closed by the broker: 404, payment-service's exchange is gone for 6 s",
    expected: 'the channel is opened again on the same connection, the events wait in the outbox',
    youWillSee: '"channel lost" with the reason NOT_FOUND',
    inject: async ({ stage, recovered, finally: whenOver }) => {
      const declare = () => declareAgain(stage);
      whenOver(declare);
      await stage.management.request('DELETE', `exchanges/${stage.virtualHost}/payment.events`);
      await pause(2 * AWAY_MS);
      await declare();
      await recovered();
      return {
        'channels closed with 404': ({ entries }) => entries.count('NOT_FOUND'),
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 19,
    group: 'broker',
    fault: 'The queues of inventory-service and payment-service deleted with messages in them, and made again',
    expected: 'consumers are cancelled and rebuilt; nudges ask again for what was lost',
    youWillSee: '"the broker cancelled the consumer"; `overdue_swept_total` rises',
    inject: async ({ stage, load, recovered, finally: whenOver }) => {
      const declare = () => declareAgain(stage);
      whenOver(declare);
      load.setRate(30);
      const victims = ['inventory-service', 'payment-service'];
      for (const { name, signal } of stage.all) if (victims.includes(name)) signal('SIGSTOP');
      await pause(AWAY_MS); // messages gather
      for (const name of victims) await stage.management.request('DELETE', `queues/${stage.virtualHost}/${name}`);
      for (const { signal } of stage.all) signal('SIGCONT');
      await pause(AWAY_MS);
      await declare();
      await recovered();
      return {
        'consumers cancelled': ({ entries }) => entries.count('the broker cancelled the consumer'),
        'orders asked for again': () => stage.sweptBy('order'),
      };
    },
  },
  {
    number: 20,
    group: 'broker',
    fault: "A message handled for longer than the broker's consumer_timeout (set to 5 s)",
    expected: 'channel closed by the broker (or the consumer cancelled, in 4.3), delivered again, the old ack dropped',
    youWillSee: '"channel lost" with the reason PRECONDITION_FAILED, then `unchanged`',
    inject: async ({ stage, recovered, finally: whenOver }) => {
      const set = (name: string, ms: number) =>
        stage.broker().control('eval', `application:set_env(rabbit, ${name}, ${String(ms)}).`);
      whenOver(async () => {
        await set('consumer_timeout', CONSUMER_TIMEOUT_DEFAULT_MS);
        await set('channel_tick_interval', CHANNEL_TICK_DEFAULT_MS);
        await stage.services.notification.restart();
      });
      await set('consumer_timeout', 5_000);
      await set('channel_tick_interval', 1_000);
      await stage.services.notification.arm({ env: { FAILPOINT: 'before_ack:sleep=15000' } });
      await pause(18_000);
      await recovered();
      return {
        'timeouts of the broker': ({ entries }) =>
          entries.count('PRECONDITION_FAILED') + entries.count('the broker cancelled the consumer'),
        redelivered: ({ counters }) => counters.redelivered,
        'repetitions absorbed': ({ counters }) => counters.absorbed,
      };
    },
  },
  {
    number: 22,
    group: 'broker',
    fault: 'Publishes refused: the queue of inventory-service may hold one message (policy max-length)',
    expected:
      'a nack leaves the row in the outbox; the relay tries it again with growing pauses, on a new channel every ten seconds',
    youWillSee:
      '`outbox_published_total{result="refused"}` rises, "channel lost" with the reason "the broker refuses messages"; orders stay PENDING',
    inject: async ({ stage, recovered, finally: whenOver }) => {
      const policy = `policies/${stage.virtualHost}/tiny`;
      whenOver(async () => {
        await stage.management.request('DELETE', policy).catch(() => undefined); // deleted below, unless that failed
        if (stage.services.inventory.pid() === undefined) await stage.services.inventory.restart();
      });
      // Without its consumer the queue fills up.
      await stage.services.inventory.stop();
      const definition = { pattern: '^inventory-service$', definition: { 'max-length': 1 }, 'apply-to': 'queues' };
      await stage.management.request('PUT', policy, definition);
      await pause(4 * AWAY_MS);
      const refused = await metric(stage.services.order.url, 'outbox_published_total', 'result="refused"');
      await stage.management.request('DELETE', policy);
      await stage.services.inventory.restart();
      await recovered();
      return { 'publishes refused': refused, 'rows relayed': ({ counters }) => counters.relayed };
    },
  },
  {
    number: 50,
    group: 'broker',
    fault: "payment-service's password changed, and its connections closed",
    expected: 'not ready and says why, no crash, no lock-out of others; well as soon as the password fits',
    youWillSee: '"no connection to the broker" with the reason ACCESS_REFUSED',
    inject: async ({ stage, recovered, finally: whenOver }) => {
      const { password } = new URL(stage.urls.payment.broker);
      const change = (to: string) =>
        stage.management.request('PUT', 'users/payment-service', { password: to, tags: '' });
      whenOver(() => change(decodeURIComponent(password)));
      await change('another');
      const names = await connectionsOf(stage, 'payment-service');
      for (const name of names) await stage.management.request('DELETE', `connections/${encodeURIComponent(name)}`);
      await eventually(async () => {
        const state = await readinessOf(stage.services.payment.url);
        if (state !== 'not ready') throw new Error(`payment-service says ${state}`);
      }, STATED_WITHIN_MS);
      await pause(2 * AWAY_MS);
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
    inject: async ({ stage, recovered }) => {
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
        const connection = await connect(stage.urls.payment.broker);
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

/** Raises an alarm of the broker for a while. */
async function alarm(
  { stage, load, recovered, finally: whenOver }: Scene,
  raise: string[],
  lift: string[],
): Promise<Proof> {
  whenOver(() => stage.broker().control(...lift));
  await stage.broker().control(...raise);
  await eventually(async () => {
    const state = await readinessOf(stage.services.order.url);
    if (state !== 'degraded') throw new Error(`order-service says ${state}`);
  }, STATED_WITHIN_MS);
  const before = load.placed.size;
  await pause(ALARM_MS);
  const taken = load.placed.size - before;
  await stage.broker().control(...lift);
  await recovered();
  return {
    'links refused to publish': ({ entries }) => entries.count('the broker refuses publishes'),
    'orders taken meanwhile': taken,
    'rows relayed': ({ counters }) => counters.relayed,
  };
}
