/** The figures of one run, under the names of the JSON file. */

/** Figures of one run of a scenario. Undefined when they do not apply or could not be read. */
export interface Figures {
  /** Orders of the run. */
  readonly orders: number;
  /** From the first POST to the last order settled. */
  readonly orders_per_s: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  /** CPU seconds of services, broker and database for 1,000 orders, without the customers. */
  readonly cpu_s_per_1000?: number;
  /** CPU seconds for 1,000 orders by process, with the customers. */
  readonly cpu_s_per_1000_by_process?: Readonly<Record<string, number>>;
  /** Highest resident memory of each process. */
  readonly peak_mib_by_process?: Readonly<Record<string, number>>;
  readonly messages_per_order?: number;
  readonly deliveries_per_order?: number;
  readonly commits_per_order?: number;
  readonly wal_bytes_per_order?: number;
  /** Average number of messages that a consumer wrote in one transaction. */
  readonly average_batch?: number;
  /** Orders refused with 503, and good ones that were not CONFIRMED in time: neither has a latency. */
  readonly refused?: number;
  readonly not_confirmed?: number;
  /** Further figures of a scenario. */
  readonly [extra: string]: number | Readonly<Record<string, number>> | undefined;
}

/** The median: the middle value, or the mean of the two middle ones. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Largest minus smallest value, as a share of the median: 0.1 is ten percent. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / middle;
}

type Value = number | Readonly<Record<string, number>> | undefined;

function medianOf(values: readonly unknown[]): Value {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length > 0) return median(numbers);
  // Figures are numbers, or numbers by name.
  const records = values.filter((value) => typeof value === 'object') as Readonly<Record<string, number>>[];
  if (records.length === 0) return undefined;
  const keys = [...new Set(records.flatMap(Object.keys))];
  return Object.fromEntries(keys.map((key) => [key, median(records.map((each) => each[key] ?? 0))]));
}

/** The median of each figure over the rounds. */
export function medians<Each extends object>(rounds: readonly Each[]): Each {
  const entries = rounds.map((round) => new Map<string, unknown>(Object.entries(round)));
  const keys = new Set(entries.flatMap((round) => [...round.keys()]));
  // Each name of the rounds has a value of the same kind.
  return Object.fromEntries([...keys].map((key) => [key, medianOf(entries.map((round) => round.get(key)))])) as Each;
}
