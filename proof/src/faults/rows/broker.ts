/** The broker dies, stops, freezes, raises an alarm. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@quadrille/test-kit/src/eventually';
import { readinessOf, STATED_WITHIN_MS } from '../readiness';
import type { Proof, Row, FaultContext } from '../row';
import type { SystemUnderFault } from '../system-under-fault';

/** How long a server stays away: longer than the first pauses of those who reconnect. */
const AWAY_MS = 3_000;

/** How long it is frozen: longer than two heartbeats. */
const FROZEN_MS = 40_000;

/** How long an alarm lasts: longer than a confirm may take, which must not pass for a channel that is broken. */
const ALARM_MS = 20_000;

/** To every process of the broker's session: the node and the script that started it. */
function signalBroker(system: SystemUnderFault, signal: NodeJS.Signals): void {
  process.kill(-system.broker().process.pid, signal);
}

/** No last words. */
const killBroker = (system: SystemUnderFault) => {
  signalBroker(system, 'SIGKILL');
};

/** The rows. */
export const brokerRows: readonly Row[] = [
  {
    number: 10,
    group: 'broker',
    fault: 'SIGKILL of the broker, with unconfirmed publishes',
    expected: 'nothing confirmed is lost, the rest is sent again, reconnected within 15 s',
    youWillSee: 'order-service `degraded`, the others not ready; orders are taken and wait; then all of it at once',
    quick: true,
    inject: async ({ system, recovered }) => {
      killBroker(system);
      await system.broker().process.ended;
      await pause(AWAY_MS);
      await system.restartBroker();
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
    inject: async ({ system, recovered }) => {
      await system.broker().control('stop_app');
      await pause(AWAY_MS);
      await system.broker().control('start_app');
      await system.broker().control('stop_app');
      await system.broker().control('start_app');
      await recovered();
      return {
        'connections forced to close': ({ entries }) => entries.count('CONNECTION-FORCED'),
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 12,
    group: 'broker',
    fault: 'The broker frozen for 40 s (SIGSTOP)',
    expected: 'noticed by heartbeat within 30 s, publishes time out, nothing is lost',
    youWillSee: '"channel lost" with the reason "heartbeat timeout" or "no confirm within 15000 ms"',
    inject: async ({ system, recovered }) => {
      signalBroker(system, 'SIGSTOP');
      await pause(FROZEN_MS);
      signalBroker(system, 'SIGCONT');
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
    inject: async ({ system, load, recovered }) => {
      killBroker(system);
      await system.broker().process.ended;
      for (const service of system.all) await service.arm({});
      const before = load.placed.size;
      const states = await eventually(async () => {
        const found = await Promise.all(system.all.map(({ url }) => readinessOf(url)));
        const [order, ...others] = found;
        if (order !== 'degraded' || others.some((state) => state !== 'not ready'))
          throw new Error(`the services say ${found.join(', ')}`);
        return found;
      }, STATED_WITHIN_MS);
      await pause(AWAY_MS);
      const taken = load.placed.size - before;
      await system.restartBroker();
      await recovered();
      return { 'services that said what was wrong': states.length, 'orders taken without a broker': taken };
    },
  },
  {
    number: 14,
    group: 'broker',
    fault: 'Memory alarm of the broker, 20 s',
    expected: 'publishing pauses, consuming goes on, orders are taken into the outbox, and leave it afterwards',
    youWillSee: '"the broker refuses publishes; they wait in the outbox"; order-service `degraded`',
    inject: (context) =>
      alarm(context, ['set_vm_memory_high_watermark', '0.00001'], ['set_vm_memory_high_watermark', '0.4']),
  },
  {
    number: 15,
    group: 'broker',
    fault: 'Disk alarm of the broker, 20 s',
    expected: 'as with the memory alarm',
    youWillSee: 'as with the memory alarm',
    inject: (context) => alarm(context, ['set_disk_free_limit', '999GB'], ['set_disk_free_limit', '50MB']),
  },
];

/** Raises an alarm of the broker for a while. */
async function alarm(
  { system, load, recovered, finally: whenOver }: FaultContext,
  raise: string[],
  lift: string[],
): Promise<Proof> {
  whenOver(() => system.broker().control(...lift));
  await system.broker().control(...raise);
  await eventually(async () => {
    const state = await readinessOf(system.services.order.url);
    if (state !== 'degraded') throw new Error(`order-service says ${state}`);
  }, STATED_WITHIN_MS);
  const before = load.placed.size;
  await pause(ALARM_MS);
  const taken = load.placed.size - before;
  await system.broker().control(...lift);
  await recovered();
  return {
    'links refused to publish': ({ entries }) => entries.count('the broker refuses publishes'),
    'channels lost': { none: ({ entries }) => entries.count('channel lost') },
    'orders taken meanwhile': taken,
    'rows relayed': ({ counters }) => counters.relayed,
  };
}
