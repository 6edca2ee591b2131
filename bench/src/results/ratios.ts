/**
 * The ratios, which stay the same on another machine.
 *
 * The composite ceiling is the rate at which the cores are busy if every part of an order costs no more CPU than it
 * costs alone, in batches:
 *
 * - database: PostgreSQL writing a hundred sagas at a time, and the process that sends them;
 * - broker: one quorum queue with confirms and acks in hundreds, and the process that uses it, for each queue that an
 *   event goes to;
 * - customers: what placing an order costs the customers' own process, which is on the same machine.
 *
 * That is the least that database, broker and Node.js must do for an order. HTTP, JSON, validation, decisions, logs and
 * the second write of a payment come on top in any real system.
 */
import type { Results } from './results';

const US_PER_S = 1_000_000;
const PER_1000 = 1_000;

/**
 * The least that the baseline must reach, as a share of PostgreSQL's row-at-a-time rate, so that it is no straw man.
 */
export const BASELINE_MIN = 0.12;

type Measured = Pick<Results, 'scenarios' | 'ceilings'> & { readonly cores: number };

/** Orders a second of the composite ceiling; undefined when a part of it was not measured. */
export function compositeCeiling({ scenarios, ceilings, cores }: Measured): number | undefined {
  const { postgres_batches: database, queue_batches: queue } = ceilings;
  const deliveries = scenarios['burst']?.deliveries_per_order;
  const customers = scenarios['burst']?.cpu_s_per_1000_by_process?.['customers'];
  if (!database?.server_cpu_us || !queue?.server_cpu_us || deliveries === undefined || customers === undefined)
    return undefined;
  const cpuUs =
    database.server_cpu_us +
    database.client_cpu_us +
    deliveries * (queue.server_cpu_us + queue.client_cpu_us) +
    (customers * US_PER_S) / PER_1000;
  return (cores * US_PER_S) / cpuUs;
}

const share = (value: number | undefined, of: number | undefined) =>
  value === undefined || !of ? undefined : value / of;

/** Converts a queue's messages a second to orders a second: each order of the burst is so many deliveries. */
export function inOrders({ scenarios }: Pick<Measured, 'scenarios'>, perS: number | undefined): number | undefined {
  return share(perS, scenarios['burst']?.deliveries_per_order);
}

/** Returns every ratio that the measured figures allow. */
export function ratiosOf(measured: Measured): Record<string, number> {
  const { scenarios, ceilings } = measured;
  const rate = (name: string) => scenarios[name]?.orders_per_s;
  const all = {
    burst_to_baseline: share(rate('burst'), rate('baseline')),
    burst_cpu_to_baseline: share(scenarios['burst']?.cpu_s_per_1000, scenarios['baseline']?.cpu_s_per_1000),
    burst_to_postgres_rows: share(rate('burst'), ceilings.postgres_rows?.per_s),
    burst_to_postgres_batches: share(rate('burst'), ceilings.postgres_batches?.per_s),
    burst_to_queue_each: share(rate('burst'), inOrders(measured, ceilings.queue_each?.per_s)),
    burst_to_queue_batches: share(rate('burst'), inOrders(measured, ceilings.queue_batches?.per_s)),
    burst_to_composite: share(rate('burst'), compositeCeiling(measured)),
    baseline_to_postgres_rows: share(rate('baseline'), ceilings.postgres_rows?.per_s),
    flash_sale_to_burst: share(rate('flash-sale'), rate('burst')),
    age_to_burst: share(rate('age'), rate('burst')),
    backlog_drain_to_burst: share(rate('backlog'), rate('burst')),
    retry_storm_to_burst: share(rate('retry-storm-burst'), rate('burst')),
    replicas_2_to_burst: share(rate('replicas-2'), rate('burst')),
    replicas_3_to_burst: share(rate('replicas-3'), rate('burst')),
  };
  const known = Object.entries(all).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(known);
}
