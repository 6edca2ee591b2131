/** CPU and memory of processes, from /proc. Only on Linux; elsewhere there is nothing to read. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node.js runs on. */
const TICKS_PER_S = 100;

const KIB = 1024;

/** A process with its descendants. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** CPU seconds of the process with all its threads, and of children that have ended and were waited for. */
  readonly cpuS: number;
}

/**
 * Fields of /proc/PID/stat behind the command's name: state is 0, parent 1, utime 11, stime 12, cutime 13, cstime 14.
 */
const PARENT = 1;
const CPU_FIELDS = [11, 12, 13, 14];

function readText(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function readStats(): Stat[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    const text = readText(pid, 'stat');
    if (text === '') return [];
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = CPU_FIELDS.reduce((sum, index) => sum + (fields[index] ?? 0), 0);
    return [{ pid, parent: fields[PARENT] ?? 0, cpuS: ticks / TICKS_PER_S }];
  });
}

function treeOf(root: number, stats: readonly Stat[]): readonly Stat[] {
  const own = stats.filter(({ pid }) => pid === root);
  const children = stats.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => treeOf(pid, stats))];
}

/**
 * Begins to watch processes. The returned function returns the CPU seconds that each name has used since: with threads
 * and children, also those that have ended. `now` are the processes at the end, if some were started again or have
 * replicas of the same name.
 */
export function watchCpu(
  processes: readonly NamedProcess[],
): (now?: readonly NamedProcess[]) => ReadonlyMap<string, number> {
  const read = (each: readonly NamedProcess[]) => {
    const stats = readStats();
    const secondsOf = (pid: number) => treeOf(pid, stats).reduce((sum, { cpuS }) => sum + cpuS, 0);
    return new Map(each.map(({ pid }) => [pid, secondsOf(pid)]));
  };
  const before = read(processes);
  return (now = processes) => {
    const after = read(now);
    const used = new Map<string, number>();
    for (const { name, pid } of now)
      used.set(name, (used.get(name) ?? 0) + (after.get(pid) ?? 0) - (before.get(pid) ?? 0));
    return used;
  };
}

/** The children of a process, with their command lines. */
export function childrenOf(parent: number): { readonly pid: number; readonly command: string }[] {
  return readStats()
    .filter((stat) => stat.parent === parent)
    .map(({ pid }) => ({ pid, command: readText(pid, 'cmdline').replaceAll('\0', ' ') }));
}

/** Resets the peak of memory. */
export function resetPeakMemory(processes: readonly NamedProcess[]): void {
  const stats = readStats();
  for (const { pid } of processes.flatMap((process) => treeOf(process.pid, stats))) {
    try {
      writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
    } catch {
      // another account's process: its peak covers its whole life
    }
  }
}

/**
 * Highest resident memory of each name since the reset, in bytes: of its largest process, because PostgreSQL's
 * processes share theirs.
 */
export function peakMemory(processes: readonly NamedProcess[]): ReadonlyMap<string, number> {
  const stats = readStats();
  const peakOf = (pid: number) => Number(/VmHWM:\s+(\d+)/.exec(readText(pid, 'status'))?.[1] ?? 0) * KIB;
  const peaks = new Map<string, number>();
  for (const { name, pid } of processes)
    peaks.set(name, Math.max(peaks.get(name) ?? 0, ...treeOf(pid, stats).map((stat) => peakOf(stat.pid))));
  return peaks;
}
