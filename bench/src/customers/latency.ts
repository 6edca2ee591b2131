/** Latencies in an HDR histogram: every percentile exact to three digits, however far out. */
import { build, type Histogram } from 'hdr-histogram-js';
import type { Latency } from './job';

const US_PER_MS = 1_000;

/** Creates a histogram of latencies from a microsecond to ten minutes. */
export function createLatencies(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000 * US_PER_MS,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

/** Records one latency, in milliseconds. */
export function record(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.max(1, Math.round(ms * US_PER_MS)));
}

/** Returns the percentiles that are reported. */
export function summarize(histogram: Histogram): Latency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / US_PER_MS;
  return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max: histogram.maxValue / US_PER_MS };
}
