/** The broker replaced by one of another version. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { hasBrokerImage, removeBrokerContainer, startBrokerContainer } from '../broker-container';
import type { NotRun, Row } from '../row';
import type { SystemUnderFault } from '../system-under-fault';

/** How long the system works with the other version. */
const WITH_OTHER_MS = 10_000;

const NUMBER = 54;
const fault = 'Another version of the broker, empty, in the place of the first one; then the first one again';

/** What is not run where there is no other version. */
export const versionMissing: NotRun | undefined = hasBrokerImage()
  ? undefined
  : {
      number: NUMBER,
      fault,
      why: 'needs a container engine with the image of docker compose; `npm run test:e2e` runs the end-to-end tests on it',
    };

const overviewSchema = z.object({ rabbitmq_version: z.string() });

const versionOf = async ({ management }: SystemUnderFault): Promise<string> =>
  overviewSchema.parse(await management.request('GET', 'overview?columns=rabbitmq_version')).rabbitmq_version;

async function ordersConfirmed(system: SystemUnderFault): Promise<number> {
  const text = "SELECT count(*)::int AS n FROM orders WHERE status = 'CONFIRMED'";
  return (await system.sql<{ n: number }>('order', text))[0]?.n ?? 0;
}

const otherVersion: Row = {
  number: NUMBER,
  group: 'broker',
  fault,
  expected:
    'everything is declared anew, and orders go on; what was under way in the queues of the other is sent or asked for again',
  youWillSee: '"channel lost", then "connected to the broker"; nudges of the orders whose messages stayed behind',
  inject: async ({ system, recovered, finally: whenOver }) => {
    const first = await versionOf(system);
    await system.broker().stop();
    whenOver(async () => {
      await removeBrokerContainer(system);
      if (system.broker().process.hasEnded()) await system.restartBroker();
    });
    await startBrokerContainer(system);
    await system.declareAgain();
    const other = await versionOf(system);
    if (other === first) throw new Error(`both are version ${first}`);
    await recovered();
    const before = await ordersConfirmed(system);
    await pause(WITH_OTHER_MS);
    const confirmed = (await ordersConfirmed(system)) - before;
    await removeBrokerContainer(system);
    await system.restartBroker();
    await system.declareAgain();
    await recovered();
    return {
      [`orders confirmed with RabbitMQ ${other} in the place of ${first}`]: confirmed,
      'channels lost': ({ entries }) => entries.count('channel lost'),
      'rows relayed': ({ counters }) => counters.relayed,
    };
  },
};

/** The rows. */
export const versionRows: readonly Row[] = versionMissing ? [] : [otherVersion];
