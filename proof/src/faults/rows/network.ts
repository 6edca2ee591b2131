/** The network between a service and its servers. */
import { setTimeout as pause } from 'node:timers/promises';
import { putProxiesBetween } from '../proxies';
import type { Row } from '../row';

/** Longer than two heartbeats of 10 s: both ends have given the connection up. */
const SILENT_MS = 40_000;

/** How long the connections to each server are cut again and again. */
const CUTTING_MS = 10_000;

/** A half-open connection is found out by its missing heartbeats in that time. */
const HALF_OPEN_MS = 25_000;

/** Bytes that a connection carries before it is cut: in the middle of a frame, after some that were whole. */
const CUT_AFTER_BYTES = 6_001;

/** How long the network is slow. */
const SLOW_MS = 15_000;

/** The rows. */
export const networkRows: readonly Row[] = [
  {
    number: 23,
    group: 'network',
    fault: 'Black hole between payment-service and the broker, 40 s',
    expected: 'both ends give up by heartbeat; what the old consumer still does is fenced by state and row locks',
    youWillSee: '"channel lost" (heartbeat) within 30 s, payments that wait, then all of them',
    inject: async (context) => {
      const { broker } = await putProxiesBetween(context, 'payment');
      await pause(2_000);
      broker.blackHole();
      await pause(SILENT_MS);
      await broker.resume();
      await context.recovered();
      return {
        'connections given up': ({ entries }) => entries.count('channel lost'),
        redelivered: ({ counters }) => counters.redelivered,
        'rows relayed': ({ counters }) => counters.relayed,
      };
    },
  },
  {
    number: 25,
    group: 'network',
    fault: 'Resets in the middle of a frame or a statement, then half-open connections',
    expected: 'given up by heartbeat or error, opened again; unconfirmed is sent again, uncommitted decided again',
    youWillSee: '"channel lost", "Connection terminated", nothing else',
    inject: async (context) => {
      const { broker, database } = await putProxiesBetween(context, 'inventory');
      context.load.setRate(30);
      // One after the other: a service without a database has nothing to say to the broker. Connections that come later
      // carry as many bytes.
      for (const proxy of [broker, database]) {
        proxy.cutAfter(CUT_AFTER_BYTES);
        await pause(CUTTING_MS);
        await proxy.resume();
        await context.recovered();
      }
      const cut = { broker: broker.broken(), database: database.broken() };
      broker.halfOpen();
      await pause(HALF_OPEN_MS);
      await context.recovered();
      return {
        'connections to the broker cut': cut.broker,
        'connections to the database cut': cut.database,
        'half-open connections': broker.broken() - cut.broker,
        'connections given up': ({ entries }) => entries.count('channel lost'),
      };
    },
  },
  {
    number: 26,
    group: 'network',
    fault: 'Latency of 200 ms and up to 100 more, 1 KiB slices, between two services and both servers',
    expected: 'everything is slower, nothing times out',
    youWillSee: 'orders that take seconds instead of milliseconds; no errors',
    inject: async (context) => {
      const all = [await putProxiesBetween(context, 'inventory'), await putProxiesBetween(context, 'payment')];
      for (const { broker, database } of all) {
        for (const proxy of [broker, database]) proxy.slow({ latencyMs: 200, jitterMs: 100, sliceBytes: 1024 });
      }
      const before = await confirmed(context.system);
      await pause(SLOW_MS);
      const meanwhile = (await confirmed(context.system)) - before;
      for (const { broker, database } of all) await Promise.all([broker.resume(), database.resume()]);
      await context.recovered();
      return {
        'orders confirmed meanwhile': meanwhile,
        'connections given up': { none: ({ entries }) => entries.count('channel lost') },
      };
    },
  },
];

async function confirmed(system: Parameters<typeof putProxiesBetween>[0]['system']): Promise<number> {
  const rows = await system.sql<{ n: number }>(
    'order',
    "SELECT count(*)::int AS n FROM orders WHERE status = 'CONFIRMED'",
  );
  return rows[0]?.n ?? 0;
}
