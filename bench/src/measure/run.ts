/** Runs one job against one system and measures it. The run counts only if all invariants hold afterwards. */
import { holds, report } from '@quadrille/operator/src/verify/report';
import { verify } from '@quadrille/operator/src/verify/verify';
import type { Bench } from '../systems/bench';
import type { Job, JobResult } from '../customers/job';
import type { Subject } from '../systems/subject';
import { batchCounters, brokerCounters, databaseCounters } from './counters';
import type { Figures } from './figures';
import { peakMemory, resetPeakMemory, watchCpu, type NamedProcess } from './processes';
import { readSettled, untilSettled, type Settled } from './settle';

/** Orders that are not settled this long after the last was placed, in milliseconds, have been lost. */
export const SETTLE_WITHIN_MS = 300_000;

const MS_PER_S = 1_000;
const PER_1000 = 1_000;
const MIB = 1024 * 1024;

/** The result of a run: its figures, and what a scenario may count besides. */
export interface Run {
  readonly figures: Figures;
  readonly placed: JobResult;
  readonly settled: Settled;
}

/** The options of a run. */
export interface RunOptions {
  readonly job: Omit<Job, 'orderUrls'>;
  /** URLs of the order-services; by default the system's own one. */
  readonly orderUrls?: readonly string[];
  /** Leaves out the broker's counters, which are 5 s late before and after the run. */
  readonly quick?: boolean;
  /** Other orders run at the same time, so the cost of one order cannot be told. */
  readonly amongOthers?: true;
  /** Called when all orders are placed; the rate then counts from its end. */
  readonly afterPosted?: () => Promise<void>;
}

/** Places the orders, waits until they are settled, verifies them, and returns the figures. */
export async function measure(bench: Bench, subject: Subject, options: RunOptions): Promise<Run> {
  const { job, orderUrls = [subject.addresses.order], quick = false, afterPosted, amongOthers } = options;
  const messages = await difference(quick ? undefined : () => brokerCounters(subject));
  // The baseline counts no batches, and a restarted service counts from zero.
  const counts = subject.name === 'product' && !afterPosted;
  const batches = await difference(counts ? () => batchCounters(subject) : undefined);
  const { customers, product } = bench;
  const commits = await difference(() => databaseCounters(product.admin));
  const usage = watchProcesses(subject, bench);
  const placed = await customers.place({ ...job, orderUrls });
  await afterPosted?.();
  const since = afterPosted ? Date.now() : placed.startedAt;
  await untilSettled(subject, SETTLE_WITHIN_MS);
  const used = usage();
  const written = await commits();
  const batched = await batches();
  const settled = await readSettled(subject, placed);
  await mustHold(subject, placed.orderIds);
  const sent = await messages();

  const orders = placed.orderIds.length;
  const latency = placed.latency ?? settled.latency;
  const figures: Figures = {
    orders,
    orders_per_s: orders / ((settled.lastAt - since) / MS_PER_S),
    p50_ms: latency.p50,
    p95_ms: latency.p95,
    p99_ms: latency.p99,
    p999_ms: latency.p999,
    ...(product.servers.length === 0 || amongOthers ? {} : cpuFigures(used.cpuS, orders)),
    peak_mib_by_process: Object.fromEntries([...used.peakBytes].map(([name, bytes]) => [name, bytes / MIB])),
    ...(written && !amongOthers
      ? { commits_per_order: written.commits / orders, wal_bytes_per_order: written.walBytes / orders }
      : {}),
    ...(sent ? { messages_per_order: sent.published / orders, deliveries_per_order: sent.delivered / orders } : {}),
    ...(batched ? { average_batch: batched.items / Math.max(1, batched.batches) } : {}),
    refused: placed.refused,
    not_confirmed: placed.notConfirmed,
  };
  return { figures, placed, settled };
}

/** Reads counters now. The returned function returns their increase since; nothing when there are no counters. */
async function difference<Name extends string>(
  read: (() => Promise<Readonly<Record<Name, number>> | undefined>) | undefined,
): Promise<() => Promise<Readonly<Record<Name, number>> | undefined>> {
  const before = await read?.();
  return async () => {
    const after = await read?.();
    if (!before || !after) return undefined;
    // Object.keys and Object.fromEntries forget the key type; the keys are those of the counters.
    const names = Object.keys(before) as Name[];
    return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Record<Name, number>;
  };
}

/** Begins to watch. The returned function returns what each process has used since. */
function watchProcesses(subject: Subject, { product, customers }: Bench) {
  const measured = (): NamedProcess[] => [...subject.processes(), ...product.servers];
  const all = () => [...measured(), { name: 'customers', pid: customers.pid }];
  resetPeakMemory(measured());
  const cpu = watchCpu(all());
  return () => ({ cpuS: cpu(all()), peakBytes: peakMemory(measured()) });
}

function cpuFigures(cpuS: ReadonlyMap<string, number>, orders: number) {
  const each = [...cpuS].map(([name, seconds]) => [name, (seconds / orders) * PER_1000] as const);
  const own = each.filter(([name]) => name !== 'customers').reduce((sum, [, seconds]) => sum + seconds, 0);
  return { cpu_s_per_1000: own, cpu_s_per_1000_by_process: Object.fromEntries(each) };
}

async function mustHold({ name, addresses }: Subject, requested: readonly string[]): Promise<void> {
  const verdict = await verify(addresses, { requested });
  if (holds(verdict)) return;
  throw new Error(`The run does not count: invariants of the ${name} are broken.\n${report(verdict).join('\n')}`);
}
