/** A cluster of three brokers. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { topology } from '@quadrille/operator/src/services';
import type { Row } from '../row';

/** How long the cluster does without one node, and then without two. */
const WITHOUT_MS = 15_000;

const queueSchema = z.object({ members: z.array(z.string()) });

/** The row. */
export const clusterRows: readonly Row[] = [
  {
    number: 55,
    group: 'broker',
    fault: 'A cluster of three brokers, each queue on all three: one killed, then a second one, then both brought back',
    expected: 'with two, orders go on; with one, they are taken and wait; with two again, all are carried on',
    youWillSee: '"connected to the broker" at the next URL; without a majority "no confirm within 15000 ms"',
    deployment: 'cluster',
    inject: async ({ system, load, recovered }) => {
      const [second, third] = system.otherNodes;
      if (!second || !third) throw new Error('the system has no cluster');
      for (const { name } of topology.queues) {
        const path = `queues/${system.virtualHost}/${name}`;
        const { members } = queueSchema.parse(await system.management.request('GET', path));
        if (members.length !== 3) throw new Error(`${name} is on ${String(members.length)} nodes, not on three`);
      }
      const kill = async ({ broker }: typeof second) => {
        process.kill(-broker().process.pid, 'SIGKILL');
        await broker().process.ended;
      };
      await kill(second);
      await recovered();
      const before = await confirmed();
      await pause(WITHOUT_MS);
      const withTwo = (await confirmed()) - before;
      await kill(third);
      await pause(1_000);
      const taken = load.placed.size;
      await pause(WITHOUT_MS);
      const withOne = load.placed.size - taken;
      await third.restart();
      await recovered();
      await second.restart();
      await recovered();
      return {
        'queues on three nodes': topology.queues.length,
        'orders confirmed with two nodes': withTwo,
        'orders taken with one': withOne,
        'rows relayed': ({ counters }) => counters.relayed,
      };

      async function confirmed(): Promise<number> {
        const rows = await system.sql<{ n: number }>(
          'order',
          "SELECT count(*)::int AS n FROM orders WHERE status = 'CONFIRMED'",
        );
        return rows[0]?.n ?? 0;
      }
    },
  },
];
