/** The database server is lost, and its standby takes over. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { withClient } from '@quadrille/operator/src/migrate/database';
import { startPostgres, type PostgresServer } from '@quadrille/operator/src/servers/postgres';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { Row } from '../row';
import type { SystemUnderFault } from '../system-under-fault';

/** How long orders are committed to both before the first one is lost. */
const BOTH_MS = 8_000;

/** Until somebody has decided that the standby is the primary now. */
const DECISION_MS = 3_000;

/** A standby has connected and caught up by then. */
const STANDBY_WITHIN_MS = 20_000;

/** After SIGQUIT (an immediate shutdown) PostgreSQL is gone at once. */
const GONE_WITHIN_MS = 5_000;

/** As many sessions as the primary: a standby with fewer does not start. */
const MAX_CONNECTIONS = 100;

const dataOf = (folder: string) => join(folder, 'postgres');

/**
 * A copy of the server that follows it from now on; the first one does not answer a COMMIT any more that the other has
 * not written.
 */
async function startStandby(system: SystemUnderFault, folder: string): Promise<PostgresServer> {
  const primary = new URL(system.postgres().url);
  await system.postgres().stop();
  mkdirSync(folder);
  execFileSync('cp', ['--archive', dataOf(system.folder), folder]);
  await system.restartPostgres();
  const data = dataOf(folder);
  const signal = join(data, 'standby.signal');
  writeFileSync(signal, '');
  const { uid, gid } = statSync(data);
  chownSync(signal, uid, gid);
  const { hostname, port, username, password } = primary;
  const connection = `host=${hostname} port=${port} user=${username} password=${password}`;
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\n`);
  const options = { port: system.standbyPort, password, durable: true, maxConnections: MAX_CONNECTIONS };
  const standby = await startPostgres({ folder, ...options });
  await system.asAdministrator('order', async (admin) => {
    await admin.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await admin.query('SELECT pg_reload_conf()');
    await eventually(async () => {
      if ((await admin.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).rowCount === 0)
        throw new Error('the standby does not follow');
    }, STANDBY_WITHIN_MS);
  });
  return standby;
}

/** Which history a server writes: the next one with every promotion. */
async function timelineOf(client: Client): Promise<number> {
  await client.query('CHECKPOINT');
  const { rows } = await client.query<{ n: number }>('SELECT timeline_id AS n FROM pg_control_checkpoint()');
  return rows[0]?.n ?? 0;
}

/** The rows. */
export const failoverRows: readonly Row[] = [
  {
    number: 29,
    group: 'database',
    fault: 'The database server lost for good; its synchronous standby promoted and moved to its address',
    expected: 'no order that was answered is missing; the services wait meanwhile, HTTP answers 503 with Retry-After',
    youWillSee: 'as when the database restarts',
    inject: async ({ system, load, recovered, finally: whenOver }) => {
      const folder = join(system.folder, 'standby');
      const standby = await startStandby(system, folder);
      whenOver(() => standby.stop());
      await recovered();
      const before = load.placed.size;
      await pause(BOTH_MS);
      await system.postgres().process.end('SIGQUIT', GONE_WITHIN_MS);
      const committed = load.placed.size - before;
      await pause(DECISION_MS);
      const timeline = await withClient(standby.url, async (client) => {
        await client.query('SELECT pg_promote()');
        return timelineOf(client);
      });
      await standby.stop();
      rmSync(dataOf(system.folder), { recursive: true });
      renameSync(dataOf(folder), dataOf(system.folder));
      await system.restartPostgres();
      await recovered();
      return {
        'orders committed to both': committed,
        promotions: timeline - 1,
        'times a service waited for it': ({ counters }) => counters.waited,
        'requests repeated by customers': load.repeated(),
      };
    },
  },
];
