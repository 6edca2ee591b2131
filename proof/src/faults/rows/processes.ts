/** Processes that stall, are several, have the wrong time, or run out of something. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { shortNames } from '@quadrille/operator/src/services';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { NotRun, Row } from '../row';

/** Longer than two heartbeats and than a transaction may be idle: everybody has given the frozen process up. */
const FROZEN_MS = 40_000;

/** Longer than the lease of a charge (3.5 s). */
const BEYOND_LEASE_MS = 15_000;

/** A failpoint is reached by then. */
const REACHED_WITHIN_MS = 20_000;

/** How long the system runs with replicas, with a wrong clock, with too little. */
const LASTING_MS = 8_000;

/** Another process of a service must do with fewer sessions: PostgreSQL has 100 for all. */
const REPLICA = { DATABASE_POOL_SIZE: '5' };

/** Open files that order-service is left with, above those it has. */
const FILES_LEFT = 4;

/** A heap that no service fits into, in MiB: they start with some 18, and lived with 24. */
const HEAP_MIB = 12;

/** Shifts the clock of a Node process, before anything else in it runs. */
const shiftedClock = (ms: number) => `'use strict';
const Real = Date;
const shift = ${String(ms)};
globalThis.Date = class Date extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + shift);
    else super(...args);
  }
  static now() {
    return Real.now() + shift;
  }
};
`;

/** The soft limit alone: a hard one could not be raised again without privileges. */
const limitFiles = (pid: number, files: string) =>
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`]);

const limitOfFiles = (pid: number) =>
  execFileSync('prlimit', ['--pid', String(pid), '--nofile', '--output', 'SOFT', '--noheadings', '--raw'])
    .toString()
    .trim();

/** Why the limits of a process cannot be set on this machine. */
export const limitsMissing: NotRun | undefined = existsSync('/usr/bin/prlimit')
  ? undefined
  : { number: 49, fault: 'Open files or heap exhausted', why: 'prlimit is a program of Linux (util-linux)' };

/** The rows. */
export const processRows: readonly Row[] = [
  {
    number: 24,
    group: 'services',
    fault: 'inventory-service frozen for 40 s in the middle of a transaction, while another one takes over',
    expected: 'PostgreSQL ends its transaction, the broker gives its messages to the other; waking up does no harm',
    youWillSee: '"idle-in-transaction timeout", "channel lost"; the other one goes on',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const { inventory } = system.services;
      await inventory.arm({ env: { FAILPOINT: 'before_commit/OrderCreated:sleep=1500:3' } });
      const other = await system.replica('inventory', REPLICA);
      whenOver(async () => {
        inventory.signal('SIGCONT');
        await other.stop();
        await inventory.restart();
      });
      await eventually(async () => {
        const idle = await system.sql(
          'inventory',
          "SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND now() - state_change > interval '300 ms'",
        );
        if (idle.length === 0) throw new Error('no transaction was open');
      }, REACHED_WITHIN_MS);
      inventory.signal('SIGSTOP');
      await pause(FROZEN_MS);
      const taken = await system.sql<{ n: number }>(
        'inventory',
        "SELECT count(*)::int AS n FROM reservation WHERE created_at > now() - interval '20 s'",
      );
      inventory.signal('SIGCONT');
      await recovered();
      return {
        'reservations made by the other one': taken[0]?.n ?? 0,
        redelivered: ({ counters }) => counters.redelivered,
        'connections given up': ({ entries }) => entries.count('channel lost'),
      };
    },
  },
  {
    number: 46,
    group: 'services',
    fault: 'Three processes of each service, one of each killed meanwhile',
    expected: 'no double effect, no deadlock',
    youWillSee: 'three consumers on each queue',
    inject: async ({ system, load, recovered, finally: whenOver }) => {
      const replicas = await Promise.all([...shortNames, ...shortNames].map((short) => system.replica(short, REPLICA)));
      whenOver(() => Promise.all(replicas.map((replica) => replica.stop())));
      load.setRate(40);
      await pause(LASTING_MS / 2);
      for (const { signal } of system.all) signal('SIGKILL');
      await pause(LASTING_MS);
      await recovered();
      return {
        'processes beside the usual ones': replicas.length,
        kills: system.all.length,
        redelivered: ({ counters }) => counters.redelivered,
      };
    },
  },
  {
    number: 47,
    group: 'people',
    fault: 'The clock of one service after the other an hour ahead, then an hour behind',
    expected: 'nothing expires early or late: leases, deadlines and retries go by the clock of the database',
    youWillSee: 'timelines whose entries are an hour apart',
    inject: async ({ system, recovered, finally: whenOver }) => {
      whenOver(() => Promise.all(system.all.map((service) => service.restart())));
      const [begun] = await system.sql<{ at: string }>('order', 'SELECT now()::text AS at');
      let shifted = 0;
      for (const hours of [1, -1]) {
        const file = join(system.folder, `clock${String(hours)}.cjs`);
        writeFileSync(file, shiftedClock(hours * 3_600_000));
        for (const service of system.all) {
          await service.restart({ flags: ['--require', file] });
          shifted += 1;
          await pause(LASTING_MS / 4);
          await recovered();
          await service.restart();
        }
      }
      const rows = await system.sql<{ early: number; odd: number }>(
        'order',
        `SELECT count(*) FILTER (WHERE reason = 'DEADLINE_EXCEEDED')::int AS early,
          count(*) FILTER (WHERE EXISTS (SELECT FROM jsonb_array_elements(timeline) AS entry
            WHERE abs(extract(epoch FROM (entry ->> 'time')::timestamptz - created_at)) > 1800))::int AS odd
        FROM orders WHERE created_at > '${begun?.at ?? 'infinity'}'`,
      );
      return {
        'services with a wrong clock': shifted,
        'orders with an event an hour off': rows[0]?.odd ?? 0,
        'orders past their deadline': { none: rows[0]?.early ?? 0 },
      };
    },
  },
  {
    number: 48,
    group: 'services',
    fault: 'payment-service frozen for 15 s with charges under way, while another one takes up its leases',
    expected: 'marked unknown and asked again under the same key; the late answer names an attempt that is over',
    youWillSee: 'orders some 4 s late, charged once',
    inject: async ({ system, recovered, finally: whenOver }) => {
      const { payment } = system.services;
      await payment.restart({ env: { PAYMENT_LATENCY_MS: '300-900' } });
      const other = await system.replica('payment', REPLICA);
      whenOver(async () => {
        payment.signal('SIGCONT');
        await other.stop();
        await payment.restart();
      });
      await pause(LASTING_MS / 4);
      payment.signal('SIGSTOP');
      const charging = await system.sql<{ n: number }>(
        'payment',
        "SELECT count(*)::int AS n FROM payments WHERE status = 'CHARGING'",
      );
      await pause(BEYOND_LEASE_MS);
      payment.signal('SIGCONT');
      await recovered();
      const takenUp = await system.sweptFrom(other.url);
      return {
        'charges under way when it froze': charging[0]?.n ?? 0,
        'leases taken up by the other one': takenUp,
      };
    },
  },
  ...(limitsMissing
    ? []
    : [
        {
          number: 49,
          group: 'people',
          fault: 'order-service out of open files, then inventory-service started with a heap too small',
          expected:
            'connections are refused until there are files again; the other dies and is started again, and well',
          youWillSee: 'EMFILE, "JavaScript heap out of memory"; requests that are answered late',
          inject: async ({ system, load, recovered, finally: whenOver }) => {
            const { order, inventory } = system.services;
            const pid = order.pid() ?? 0;
            const files = readdirSync(`/proc/${String(pid)}/fd`).length;
            const usual = limitOfFiles(pid);
            whenOver(async () => {
              if (order.pid() === pid) limitFiles(pid, usual);
              await Promise.all([order.restart(), inventory.restart()]);
            });
            load.setRate(60);
            limitFiles(pid, String(files + FILES_LEFT));
            const crowd = await Promise.all(
              Array.from({ length: 50 }, () =>
                fetch(`${order.url}/orders?limit=100`, {
                  headers: { connection: 'close' },
                  signal: AbortSignal.timeout(LASTING_MS),
                }).then(
                  ({ ok }) => ok,
                  () => false,
                ),
              ),
            );
            await pause(LASTING_MS / 2);
            if (order.pid() === pid) limitFiles(pid, usual);
            load.setRate(10);
            const before = inventory.deaths.length;
            await inventory.arm({ flags: [`--max-old-space-size=${String(HEAP_MIB)}`] });
            await eventually(() => {
              if (inventory.deaths.length === before) throw new Error('it lived with that heap');
            }, REACHED_WITHIN_MS);
            const died = inventory.deaths.length - before;
            await inventory.restart();
            await recovered();
            return {
              'requests without a file': crowd.filter((ok) => !ok).length,
              'deaths by heap': died,
            };
          },
        } satisfies Row,
      ]),
];
