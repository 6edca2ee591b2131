/** The database dies, loses sessions, or is busy with somebody else. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { Row } from '../row';

/** How long the server stays away. */
const AWAY_MS = 3_000;

/** After SIGQUIT (an immediate shutdown) PostgreSQL is gone at once; longer means that it hangs. */
const GONE_WITHIN_MS = 5_000;

/** Rounds of sessions that are ended in the middle of their COMMIT. */
const COMMIT_ROUNDS = 15;

/** How long a table stays locked: longer than the services wait for a lock. */
const LOCKED_MS = 9_000;

/** How long order-service must do with a single session. */
const STARVED_MS = 6_000;

/** Deadlocks that are provoked, and how many tries that may take. */
const DEADLOCKS = 5;
const DEADLOCK_ROUNDS = 40;

/**
 * A COMMIT that waits for a standby which does not exist has happened, and has not been answered: what a failover or a
 * cut cable leaves behind. Ends all sessions that wait so. Returns how many.
 */
async function endDuringCommit(admin: Client): Promise<number> {
  await admin.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await admin.query('SELECT pg_reload_conf()');
  const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename LIKE '%-service'";
  await eventually(async () => {
    if ((await admin.query(waiting)).rowCount === 0) throw new Error('nobody waits for a COMMIT');
  }, GONE_WITHIN_MS);
  const ended = await admin.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS sessions`);
  await admin.query('ALTER SYSTEM RESET synchronous_standby_names');
  await admin.query('SELECT pg_reload_conf()');
  return ended.rowCount ?? 0;
}

/** Takes the second product first, and the first one when inventory-service holds that and waits for us. */
async function provokeDeadlock(admin: Client): Promise<void> {
  // The session that waited longest looks for a deadlock first: it must not be us.
  await admin.query("SET deadlock_timeout = '20s'");
  await admin.query('BEGIN');
  try {
    await admin.query("SELECT FROM product WHERE product_id = 'oak-pencil' FOR UPDATE");
    await eventually(async () => {
      const blocked = await admin.query(
        'SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
      );
      if (blocked.rowCount === 0) throw new Error('nobody waits for this product');
    }, GONE_WITHIN_MS);
    await admin.query("SET LOCAL lock_timeout = '3s'");
    await admin.query("SELECT FROM product WHERE product_id = 'acorn-sticker' FOR UPDATE");
  } finally {
    await admin.query('ROLLBACK');
  }
}

/** The rows. */
export const databaseRows: readonly Row[] = [
  {
    number: 27,
    group: 'database',
    fault: 'Immediate shutdown of PostgreSQL, and its crash recovery',
    expected: 'consuming pauses, nothing is nacked, HTTP answers 503 with Retry-After; then all goes on',
    youWillSee: '"waiting for the infrastructure; nothing is consumed meanwhile"; 503',
    quick: true,
    inject: async ({ system, load, recovered }) => {
      await system.postgres().process.end('SIGQUIT', GONE_WITHIN_MS);
      await pause(AWAY_MS);
      await system.restartPostgres();
      await recovered();
      return {
        'times a service waited for it': ({ counters }) => counters.waited,
        'requests repeated by customers': load.repeated(),
      };
    },
  },
  {
    number: 28,
    group: 'database',
    fault: 'Sessions ended during their COMMIT, which has happened and is never answered',
    expected: 'nobody knows: the batch is decided again, and the state says that it was done',
    youWillSee: '"Connection terminated unexpectedly", then `unchanged`',
    quick: true,
    inject: async ({ system, recovered }) => {
      const ended = await system.asAdministrator('order', async (admin) => {
        let sum = 0;
        for (let round = 0; round < COMMIT_ROUNDS; round++) sum += await endDuringCommit(admin);
        return sum;
      });
      await recovered();
      return {
        'COMMITs that happened without an answer': ended,
        'times a batch was decided again': ({ counters }) => counters.waited,
      };
    },
  },
  {
    number: 31,
    group: 'database',
    fault: 'The table of products locked by somebody, then a single session left for order-service',
    expected: 'lock_timeout, and again; HTTP answers 503 with Retry-After and never hangs',
    youWillSee: '"canceling statement due to lock timeout", "too many connections for role"',
    inject: async ({ system, load, recovered }) => {
      await system.asAdministrator('inventory', async (admin) => {
        await admin.query('BEGIN');
        await admin.query('LOCK TABLE product IN ACCESS EXCLUSIVE MODE');
        await pause(LOCKED_MS);
        await admin.query('ROLLBACK');
      });
      await system.asAdministrator('order', async (admin) => {
        await admin.query('ALTER ROLE "order-service" CONNECTION LIMIT 1');
        await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'order-service'");
        await pause(STARVED_MS);
        await admin.query('ALTER ROLE "order-service" CONNECTION LIMIT -1');
      });
      await recovered();
      return {
        'lock timeouts': ({ entries }) => entries.count('due to lock timeout'),
        'sessions refused': ({ entries }) => entries.count('too many connections for role'),
        'requests repeated by customers': load.repeated(),
      };
    },
  },
  {
    number: 32,
    group: 'database',
    fault: 'Deadlocks between inventory-service and another session, again and again',
    expected: '40P01 is tried again with jitter; nothing is parked',
    youWillSee: '"deadlock detected", once each',
    inject: async ({ system, load, recovered }) => {
      load.setRate(40);
      await system.asAdministrator('inventory', async (admin) => {
        const deadlocks = async () => {
          const { rows } = await admin.query<{ n: number }>(
            "SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = 'inventory'",
          );
          return rows[0]?.n ?? 0;
        };
        const before = await deadlocks();
        for (let round = 0; round < DEADLOCK_ROUNDS && (await deadlocks()) < before + DEADLOCKS; round++)
          await provokeDeadlock(admin).catch(() => undefined); // no session came, or we were the victim: once more
      });
      await recovered();
      return { 'deadlocks that inventory-service was the victim of': (e) => e.entries.count('deadlock detected') };
    },
  },
];
