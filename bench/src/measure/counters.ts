/** Counters of database, broker and services, read before and after a run; the difference belongs to the run. */
import { metric } from '@quadrille/proof/src/load/figures';
import { connectManagement } from '@quadrille/operator/src/topology/management';
import { virtualHostOf } from '@quadrille/operator/src/servers/own-servers';
import { shortNames } from '@quadrille/operator/src/services';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Subject } from '../systems/subject';

/** A little more than RabbitMQ's interval of statistics, in milliseconds: older counters are complete. */
const BROKER_LAG_MS = 5_500;

/** Writing transactions, and bytes of write-ahead log, of the whole server. */
export interface DatabaseCounters {
  readonly commits: number;
  readonly walBytes: number;
}

/**
 * Reads the counters of the database. Each writing transaction takes one transaction id, so ids count them at once and
 * exactly; pg_stat_database is up to 10 s late.
 */
export async function databaseCounters(admin: Pool): Promise<DatabaseCounters> {
  const { rows } = await admin.query<DatabaseCounters>(
    `SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8 AS commits,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS "walBytes"`,
  );
  return rows[0] ?? { commits: 0, walBytes: 0 };
}

/** Messages published and messages delivered in a virtual host. */
export interface BrokerCounters {
  readonly published: number;
  readonly delivered: number;
}

const VirtualHost = z.object({
  message_stats: z.object({ publish: z.number().default(0), deliver: z.number().default(0) }).default({
    publish: 0,
    deliver: 0,
  }),
});

/** Reads the broker's own counters, complete up to now; undefined when it has no management API. */
export async function brokerCounters({ addresses }: Subject): Promise<BrokerCounters | undefined> {
  const { management, credentials, amqp } = addresses;
  if (!management || !credentials) return undefined;
  await pause(BROKER_LAG_MS);
  const path = `vhosts/${encodeURIComponent(virtualHostOf(amqp))}`;
  const { message_stats } = VirtualHost.parse(
    await connectManagement({ url: management, ...credentials }).request('GET', path),
  );
  return { published: message_stats.publish, delivered: message_stats.deliver };
}

/** Batches of a service's consumer, and the messages in them. */
export interface BatchCounters {
  readonly batches: number;
  readonly items: number;
}

/** Reads the batches of all services' consumers; those of low priority, which are kept small, are separate. */
export async function batchCounters({ addresses }: Subject): Promise<BatchCounters> {
  const lane = 'lane="consumer"';
  const each = await Promise.all(
    shortNames.map(async (name) => ({
      batches: await metric(addresses[name], 'batch_size_count', lane),
      items: await metric(addresses[name], 'batch_size_sum', lane),
    })),
  );
  return {
    batches: each.reduce((sum, { batches }) => sum + batches, 0),
    items: each.reduce((sum, { items }) => sum + items, 0),
  };
}
