/** The figures of one service, in Prometheus' text format on /metrics. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../timing/timeout';

/** What a service counts. */
export interface ServiceMetrics {
  readonly registry: Registry;
  /** Decided messages by type and outcome. */
  readonly handled: Counter<'type' | 'outcome'>;
  /** Items per batch, by lane: `consumer`, `low-priority consumer`, `commands`, `effects`. */
  readonly batchSize: Histogram<'lane'>;
  /** From load to commit of one batch. */
  readonly batchSeconds: Histogram<'lane'>;
  readonly published: Counter<'result'>;
  readonly relayed: Counter;
  /** Messages parked as unreadable or as failed, by queue. */
  readonly parked: Counter<'queue'>;
  readonly redelivered: Counter;
  /** Messages that a sweeper sent again because something was overdue. */
  readonly swept: Counter;
  readonly effects: Counter<'type' | 'result'>;
  /** A figure that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void;
  /**
   * A count by status, read from a database: at most once in COUNT_INTERVAL_MS, however many ask, and absent when it
   * cannot be read.
   */
  count(name: string, help: string, read: () => Promise<readonly StatusCount[]>): void;
}

/** How many things are in a status. */
export interface StatusCount {
  readonly status: string;
  readonly count: number;
}

/** A count is read again after this time: scrapes are usually 15 s apart, but anybody may scrape. */
const COUNT_INTERVAL_MS = 5_000;

/** A scrape waits no longer for a count: it then goes without. */
const COUNT_WAIT_MS = 1_000;

/**
 * How often the event loop's delay is sampled, in milliseconds: the usual 10 would be most of what an idle service
 * does.
 */
const EVENT_LOOP_PRECISION_MS = 50;

/** Creates the registry of a service with Node's own figures in it. */
export function createMetrics(service: string): ServiceMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  return {
    registry,
    handled: counter('messages_handled_total', 'Messages decided, by type and outcome', ['type', 'outcome']),
    batchSize: new Histogram({
      name: 'batch_size',
      help: 'Items written in one transaction, by lane',
      labelNames: ['lane'],
      buckets: [1, 2, 5, 10, 20, 50, 100, 200],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'batch_duration_seconds',
      help: 'From taking a batch to its commit, by lane',
      labelNames: ['lane'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    published: counter('outbox_published_total', 'Publishes of outbox rows, by result', ['result']),
    relayed: counter('outbox_relayed_total', 'Outbox rows published by the relay instead of their writer', []),
    parked: counter('messages_parked_total', 'Messages moved to the invalid or dead-letter queue', ['queue']),
    redelivered: counter('messages_redelivered_total', 'Messages that the broker delivered again', []),
    swept: counter('overdue_swept_total', 'Overdue states that the sweeper brought back to a decision', []),
    effects: counter('effects_total', 'Effects performed, by type and result', ['type', 'result']),
    gauge: (name, help, read) => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    count: (name, help, read) => {
      const latest = atIntervals(read);
      new Gauge({
        name,
        help,
        labelNames: ['status'],
        registers,
        async collect() {
          const counts = await latest();
          this.reset();
          for (const { status, count } of counts) this.set({ status }, count);
        },
      });
    },
  };
}

/** Reads when asked, but at most once an interval; returns what was read last, and nothing when that failed. */
function atIntervals(read: () => Promise<readonly StatusCount[]>): () => Promise<readonly StatusCount[]> {
  let counts: readonly StatusCount[] = [];
  let readAtMs = -COUNT_INTERVAL_MS;
  let reading: Promise<void> | undefined;
  const readNow = async () => {
    try {
      counts = await read();
    } catch {
      counts = []; // the sweeper, which asks the same table, says why
    }
    reading = undefined;
  };
  return async () => {
    if (!reading && performance.now() - readAtMs >= COUNT_INTERVAL_MS) {
      readAtMs = performance.now();
      counts = [];
      reading = readNow();
    }
    if (reading) await withTimeout(reading, COUNT_WAIT_MS, () => undefined);
    return counts;
  };
}
