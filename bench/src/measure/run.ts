/** Runs one job against one subject and measures everything about it. The run counts only if all invariants hold afterwards. */
import { holds, report } from '@quadrille/tools/src/verify/report';
import { verify } from '@quadrille/tools/src/verify/verify';
import type { Bench } from '../bench';
import type { Job, JobResult } from '../customers/job';
import type { Subject } from '../systems/subject';
import { batchCounters, brokerCounters, databaseCounters } from './counters';
import type { Figures } from './figures';
import { cpuSeconds, peakMemory, resetPeakMemory, type NamedProcess } from './processes';
import { readSettled, untilSettled, type Settled } from './settle';

/** Orders that take longer than this to settle after the last was placed have been lost. */
const SETTLE_WITHIN_MS = 120_000;

const MS_PER_S = 1_000;
const PER_1000 = 1_000;
const MIB = 1024 * 1024;

/** What a run gives: its figures, and what a scenario may want to count besides. */
export interface Run {
  readonly figures: Figures;
  readonly placed: JobResult;
  readonly settled: Settled;
}

/** How a run is done. */
export interface RunOptions {
  readonly job: Omit<Job, 'orderUrl'>;
  /** Without the broker's counters, which come 5 s late, before and after. */
  readonly quick?: boolean;
}

/** Places the orders, waits until they are settled, and verifies them. */
export async function measure(bench: Bench, subject: Subject, { job, quick = false }: RunOptions): Promise<Run> {
  const { customers, product } = bench;
  const measured: NamedProcess[] = [...subject.processes(), ...product.servers];
  const all = [...measured, { name: 'customers', pid: customers.pid }];
  const counted = () => (quick ? Promise.resolve(undefined) : brokerCounters(subject));
  const batched = () => (subject.name === 'product' ? batchCounters(subject) : Promise.resolve(undefined));

  const messagesBefore = await counted();
  const batchesBefore = await batched();
  resetPeakMemory(measured);
  const before = await databaseCounters(product.admin);
  const cpuBefore = cpuSeconds(all);
  const placed = await customers.place({ ...job, orderUrl: subject.addresses.order });
  await untilSettled(subject, SETTLE_WITHIN_MS);
  const cpuAfter = cpuSeconds(all);
  const after = await databaseCounters(product.admin);
  const peak = peakMemory(measured);
  const batchesAfter = await batched();
  const settled = await readSettled(subject, placed);
  await mustHold(subject, placed.orderIds);
  const messagesAfter = await counted();

  const { orders } = job;
  const cpu = all.map(({ name }) => [name, used(cpuBefore, cpuAfter, name, orders)] as const);
  const own = cpu.filter(([name]) => name !== 'customers').reduce((sum, [, seconds]) => sum + seconds, 0);
  const latency = placed.latency ?? settled.latency;
  const figures: Figures = {
    orders,
    orders_per_s: orders / ((settled.lastAt - placed.startedAt) / MS_PER_S),
    p50_ms: latency.p50,
    p95_ms: latency.p95,
    p99_ms: latency.p99,
    p999_ms: latency.p999,
    ...(product.servers.length === 0
      ? {}
      : { cpu_s_per_1000: own, cpu_s_per_1000_by_process: Object.fromEntries(cpu) }),
    peak_mib_by_process: Object.fromEntries([...peak].map(([name, bytes]) => [name, bytes / MIB])),
    commits_per_order: (after.commits - before.commits) / orders,
    wal_bytes_per_order: (after.walBytes - before.walBytes) / orders,
    ...(messagesBefore && messagesAfter
      ? {
          messages_per_order: (messagesAfter.published - messagesBefore.published) / orders,
          deliveries_per_order: (messagesAfter.delivered - messagesBefore.delivered) / orders,
        }
      : {}),
    ...(batchesBefore && batchesAfter
      ? {
          average_batch:
            (batchesAfter.items - batchesBefore.items) / Math.max(1, batchesAfter.batches - batchesBefore.batches),
        }
      : {}),
    not_confirmed: placed.notConfirmed,
  };
  return { figures, placed, settled };
}

function used(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  name: string,
  orders: number,
): number {
  return (((after.get(name) ?? 0) - (before.get(name) ?? 0)) / orders) * PER_1000;
}

async function mustHold({ name, addresses }: Subject, requested: readonly string[]): Promise<void> {
  const verdict = await verify(addresses, { requested });
  if (holds(verdict)) return;
  throw new Error(`The run does not count: invariants of the ${name} are broken.\n${report(verdict).join('\n')}`);
}
