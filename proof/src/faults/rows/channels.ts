/** The broker closes, refuses, forgets: connections, channels, exchanges, queues, bindings. */
import { setTimeout as pause } from 'node:timers/promises';
import { declareTopology } from '@quadrille/operator/src/topology/declare';
import { metric } from '../../load/figures';
import { services, shortNames, topology } from '@quadrille/operator/src/services';
import { connectionsOf } from '../connections';
import type { Row } from '../row';
import type { SystemUnderFault } from '../system-under-fault';

/** How long something is missing: longer than the first pauses of those who try again. */
const AWAY_MS = 3_000;

/** The broker's own defaults of what a row changes. */
const CONSUMER_TIMEOUT_DEFAULT_MS = 1_800_000;
const CHANNEL_TICK_DEFAULT_MS = 60_000;

/** Exchanges, queues and bindings as they must be; users keep their passwords. */
const declareAgain = ({ management, urls, virtualHost }: SystemUnderFault) =>
  declareTopology(management, topology, { virtualHost: decodeURIComponent(virtualHost), userPrefix: '' }, (service) => {
    const short = shortNames.find((name) => services[name].table.name === service) ?? 'order';
    return decodeURIComponent(new URL(urls[short].broker).password);
  });

const binding = (system: SystemUnderFault, exchange: string, queue: string) =>
  `bindings/${system.virtualHost}/e/${exchange}/q/${queue}`;

/** The rows. */
export const channelRows: readonly Row[] = [
  {
    number: 17,
    group: 'broker',
    fault: 'All connections of the services closed by an operator, five times',
    expected: 'each is opened again, its consumer too; no storm',
    youWillSee: '"channel lost", and "connected to the broker" with the next epoch',
    inject: async ({ system, recovered }) => {
      let closed = 0;
      for (let round = 0; round < 5; round++) {
        for (const name of await connectionsOf(system)) {
          // One may have gone by itself since it was listed.
          const path = `connections/${encodeURIComponent(name)}`;
          if (
            await system.management.request('DELETE', path).then(
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
    number: 18,
    group: 'broker',
    fault: "A channel closed by the broker: 404, payment-service's exchange is gone for 6 s",
    expected: 'the channel is opened again on the same connection, the events wait in the outbox',
    youWillSee: '"channel lost" with the reason NOT_FOUND',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const declare = () => declareAgain(system);
      whenOver(declare);
      await system.management.request('DELETE', `exchanges/${system.virtualHost}/payment.events`);
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
    inject: async ({ system, load, recovered, finally: whenOver }) => {
      const declare = () => declareAgain(system);
      whenOver(declare);
      load.setRate(30);
      const victims = ['inventory-service', 'payment-service'];
      for (const { name, signal } of system.all) if (victims.includes(name)) signal('SIGSTOP');
      await pause(AWAY_MS); // messages gather
      for (const name of [...victims, 'payment-service.low-priority'])
        await system.management.request('DELETE', `queues/${system.virtualHost}/${name}`);
      for (const { signal } of system.all) signal('SIGCONT');
      await pause(AWAY_MS);
      await declare();
      await recovered();
      return {
        'consumers cancelled': ({ entries }) => entries.count('the broker cancelled the consumer'),
        'orders asked for again': () => system.sweptBy('order'),
      };
    },
  },
  {
    number: 20,
    group: 'broker',
    fault: "A message handled for longer than the broker's consumer_timeout (set to 5 s)",
    expected: 'channel closed by the broker (or the consumer cancelled, in 4.3), delivered again, the old ack dropped',
    youWillSee: '"channel lost" with the reason PRECONDITION_FAILED, then `unchanged`',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const set = (name: string, ms: number) =>
        system.broker().control('eval', `application:set_env(rabbit, ${name}, ${String(ms)}).`);
      whenOver(async () => {
        await set('consumer_timeout', CONSUMER_TIMEOUT_DEFAULT_MS);
        await set('channel_tick_interval', CHANNEL_TICK_DEFAULT_MS);
        await system.services.notification.restart();
      });
      await set('consumer_timeout', 5_000);
      await set('channel_tick_interval', 1_000);
      await system.services.notification.arm({ env: { FAILPOINT: 'before_ack:sleep=15000' } });
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
    number: 21,
    group: 'broker',
    fault:
      'Bindings removed: of OrderCreated (nobody hears it) and of InventoryReserved to payment-service (one does not)',
    expected: 'the first is returned and stays in the outbox, the second is asked for again by a nudge',
    youWillSee: '"nobody is bound to this message"; `overdue_swept_total` rises',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const bindings = [
        ['order.events', 'inventory-service', 'OrderCreated'],
        ['inventory.events', 'payment-service', 'InventoryReserved'],
      ] as const;
      const bind = async () => {
        for (const [exchange, queue, routing_key] of bindings)
          await system.management.request('POST', binding(system, exchange, queue), { routing_key });
      };
      whenOver(bind);
      for (const [exchange, queue, key] of [...bindings].reverse()) {
        await system.management.request('DELETE', `${binding(system, exchange, queue)}/${key}`);
        await pause(AWAY_MS);
      }
      await pause(AWAY_MS);
      await bind();
      await recovered();
      return {
        'messages returned': ({ entries }) => entries.count('nobody is bound to this message'),
        'rows relayed': ({ counters }) => counters.relayed,
        'reservations announced again': () => system.sweptBy('inventory'),
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
    inject: async ({ system, recovered, finally: whenOver }) => {
      const policy = `policies/${system.virtualHost}/tiny`;
      whenOver(async () => {
        await system.management.request('DELETE', policy).catch(() => undefined); // deleted below, unless that failed
        if (system.services.inventory.pid() === undefined) await system.services.inventory.restart();
      });
      // Without its consumer the queue fills up.
      await system.services.inventory.stop();
      const definition = { pattern: '^inventory-service$', definition: { 'max-length': 1 }, 'apply-to': 'queues' };
      await system.management.request('PUT', policy, definition);
      await pause(4 * AWAY_MS);
      const refused = await metric(system.services.order.url, 'outbox_published_total', 'result="refused"');
      await system.management.request('DELETE', policy);
      await system.services.inventory.restart();
      await recovered();
      return { 'publishes refused': refused, 'rows relayed': ({ counters }) => counters.relayed };
    },
  },
];
