/** Which figures are drawn, and how. */
import { compositeCeiling, inOrders } from './ratios';
import type { Results } from './results';
import { bars, lines, type Bar } from './svg';

const number = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const bar = (label: string, value: number | undefined, colour: number): Bar[] =>
  value === undefined ? [] : [{ label, parts: [{ value, colour }], text: number(value) }];

/** Orders a second of product, baseline and ceilings; a queue's messages are converted to orders. */
function throughput(results: Results): string {
  const { scenarios, ceilings, machine } = results;
  return bars('Orders a second: the product, the baseline, and what the parts can do alone', [
    ...bar('Quadrille', scenarios['burst']?.orders_per_s, 0),
    ...bar('baseline', scenarios['baseline']?.orders_per_s, 1),
    ...bar('PostgreSQL alone, by row', ceilings.postgres_rows?.per_s, 2),
    ...bar('PostgreSQL alone, batches', ceilings.postgres_batches?.per_s, 2),
    ...bar('one queue alone, each', inOrders(results, ceilings.queue_each?.per_s), 3),
    ...bar('one queue alone, batches', inOrders(results, ceilings.queue_batches?.per_s), 3),
    ...bar('composite ceiling', compositeCeiling({ ...results, cores: machine.cores }), 4),
  ]);
}

const MS_PER_S = 1_000;
const asTime = (ms: number) => (ms < MS_PER_S ? `${String(ms)} ms` : `${String(ms / MS_PER_S)} s`);

/** Percentiles by rate. */
function latency({ scenarios }: Results): string | undefined {
  const steady = Object.entries(scenarios)
    .filter(([name]) => name.startsWith('steady-'))
    .map(([name, figures]) => ({ rate: Number(name.slice('steady-'.length)), figures }));
  if (steady.length === 0) return undefined;
  const line = (name: string, key: 'p50_ms' | 'p99_ms' | 'p999_ms') => ({
    name,
    points: steady.map(({ rate, figures }) => ({ x: rate, y: figures[key] })),
  });
  const series = [line('p50', 'p50_ms'), line('p99', 'p99_ms'), line('p99.9', 'p999_ms')];
  return lines('POST to CONFIRMED, by load', series, { x: 'orders a second', y: asTime });
}

const PARTS = ['order', 'inventory', 'payment', 'notification', 'postgres', 'broker'] as const;

/** CPU of the burst by part. */
function cpu({ scenarios }: Results): string | undefined {
  const rows = (['burst', 'baseline'] as const).flatMap((name): Bar[] => {
    const by = scenarios[name]?.cpu_s_per_1000_by_process;
    if (!by) return [];
    const parts = PARTS.map((part, colour) => ({ value: by[part] ?? 0, colour }));
    const label = name === 'burst' ? 'Quadrille' : name;
    return [{ label, parts, text: `${number(scenarios[name]?.cpu_s_per_1000 ?? 0, 2)} s` }];
  });
  return rows.length === 0 ? undefined : bars('CPU seconds of 1,000 orders, by part', rows, PARTS);
}

/** The burst and its variations. */
function variations({ scenarios }: Results): string | undefined {
  const names = ['burst', 'mixed', 'flash-sale', 'retry-storm-burst', 'replicas-2', 'replicas-3', 'age'];
  const rows = names.flatMap((name) => bar(name, scenarios[name]?.orders_per_s, name === 'burst' ? 0 : 2));
  return rows.length < 2 ? undefined : bars('Orders a second under other loads', rows);
}

/** Every chart that can be drawn from what was measured, by file name. */
export function chartsOf(results: Results): readonly (readonly [string, string])[] {
  const charts = {
    throughput: throughput(results),
    latency: latency(results),
    cpu: cpu(results),
    variations: variations(results),
  };
  return Object.entries(charts).flatMap(([name, svg]) => (svg === undefined ? [] : [[`${name}.svg`, svg] as const]));
}
