/** Figures of the running services, from /metrics, and of the machine. */
import { readFileSync } from 'node:fs';

/** Sum of a figure of a service's /metrics over the lines whose labels contain `label`. */
export async function metric(serviceUrl: string, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${serviceUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Resident memory of a service in bytes, as the operating system tells it. */
export async function residentBytes(serviceUrl: string): Promise<number> {
  return metric(serviceUrl, 'process_resident_memory_bytes', '');
}

/** Whether this machine tells how loaded it is (Linux); the load of the last minute in processes. */
export function machineLoad(): string {
  try {
    return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** The value below which `share` (0 to 1) of the values lie. 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
