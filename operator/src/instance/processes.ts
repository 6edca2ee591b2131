import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How often a process that was asked to end is checked, in milliseconds: short compared with any shutdown. */
const POLL_MS = 50;
/**
 * After SIGKILL a process is gone as soon as the kernel schedules it; one that takes longer than this, in milliseconds,
 * hangs in the kernel.
 */
const KILL_GRACE_MS = 5000;

/**
 * The text that all server processes of a data folder have in their command line. It is derived from the folder's real
 * path, so a copied clone has another one and never ends the processes of the original.
 */
export function processMarker(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return `quadrille-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 12)}`;
}

/** Ids of the processes of this machine whose command line contains `marker`, without this process. */
export function findProcesses(marker: string): number[] {
  return listProcesses()
    .filter((entry) => entry.pid !== process.pid && entry.args.includes(marker))
    .map((entry) => entry.pid);
}

function listProcesses(): { pid: number; args: string }[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }).split(
      '\n',
    );
    return lines.map((line) => ({ pid: Number.parseInt(line, 10), args: line })).filter((entry) => entry.pid > 0);
  }
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    const args = readProc(pid, 'cmdline');
    return args && inOurNamespace(pid) ? [{ pid, args: args.replaceAll('\0', ' ') }] : [];
  });
}

// A container's processes are visible from outside, and its clone may have the same path: they must not be ended from
// here.
function inOurNamespace(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
  } catch {
    return true; // another user's process, which cannot be signalled either
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    return undefined; // ended meanwhile
  }
}

/**
 * When a process started, as an opaque text that identifies it together with its id; undefined when it does not run. An
 * id alone is not enough, because ids are reused, quickly so in containers.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const fields = readProc(pid, 'stat')
      ?.replace(/^.*\) /s, '')
      .split(' ');
    return fields?.[0] === 'Z' ? undefined : fields?.[19]; // state; start time in clock ticks since boot
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks processes to end with `signal`, and after `graceMs` milliseconds ends the rest with SIGKILL. Resolves when all
 * are gone.
 */
export async function endProcesses(pids: readonly number[], signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const left = pids.filter((pid) => send(pid, signal));
  await waitUntilGone(left, graceMs);
  const stubborn = left.filter((pid) => processStart(pid) !== undefined && send(pid, 'SIGKILL'));
  await waitUntilGone(stubborn, KILL_GRACE_MS);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // already gone, or another user's
  }
}

async function waitUntilGone(pids: readonly number[], ms: number): Promise<void> {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline && pids.some((pid) => processStart(pid) !== undefined)) await delay(POLL_MS);
}
