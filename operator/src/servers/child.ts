import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcesses } from '../instance/processes';

/** A server's log is begun anew at a start that finds it larger than this, in bytes: plenty to look into, no burden to a disk. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** How much of a log an error message quotes, in lines: the reason stands in the last ones. */
const QUOTED_LINES = 8;
/** A line of a stack trace: ten of them, as Node writes them, would leave no room for the reason, which stands above them. */
const STACK_FRAME = /^\s+at /;
/** Pause between two looks at a server that is starting, in milliseconds. */
const POLL_MS = 50;
const MS_PER_S = 1000;

/** A server process that this process started. */
export interface ServerProcess {
  pid: number;
  /** The signal that asks it for a clean end. */
  cleanEnd: NodeJS.Signals;
  /** Resolves when the process has ended, wanted or not. */
  ended: Promise<void>;
  hasEnded(): boolean;
  /** Asks it to end with `signal`, ends it by force after `graceMs`, and resolves when it is gone. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/** What to run: the command, and as whom and where it runs. */
export interface Command {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  argv0?: string;
}

// What this process has started and not yet seen end: a start that is interrupted must find it.
const running = new Set<ServerProcess>();
/** A server asked to end with everything else gets as long as the slowest of them, a broker, in milliseconds. */
const END_GRACE_MS = 20_000;

/** Ends every server this process has started, with `signal` or else the one each was started with as its clean end. */
export async function endStarted(signal?: NodeJS.Signals): Promise<void> {
  await Promise.all([...running].map((server) => server.end(signal ?? server.cleanEnd, END_GRACE_MS)));
}

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal reaches only us and the order of stopping is ours. `cleanEnd` is
 * the signal that makes it end cleanly.
 */
export function startProcess(what: Command, logFile: string, cleanEnd: NodeJS.Signals): ServerProcess {
  if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT_BYTES) truncateSync(logFile);
  const log = openSync(logFile, 'a', 0o600);
  const { command, args, ...options } = what;
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return watch(child, command, cleanEnd);
}

function watch(child: ChildProcess, command: string, cleanEnd: NodeJS.Signals): ServerProcess {
  const { pid } = child;
  child.on('error', () => undefined); // not found, told below; or a failed signal, seen by whoever waits for the end
  if (pid === undefined)
    throw new Error(`${command} can't be started: check that it is installed and may be executed.`);
  let over = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      over = true;
      running.delete(server);
      resolve();
    });
  });
  const server: ServerProcess = {
    pid,
    cleanEnd,
    ended,
    hasEnded: () => over,
    end: async (signal, graceMs) => {
      if (over) return;
      if (signal !== 'SIGKILL') await endProcesses([pid], signal, graceMs);
      killGroup(pid);
      await ended;
    },
  };
  running.add(server);
  return server;
}

// The session it was given has everything it started: a script that is killed leaves its server there.
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing left, as it should be
  }
}

/** A log and where a run begins in it: logs are written on from run to run, and an old error is not why the new run ends. */
export interface LogMark {
  readonly file: string;
  /** Bytes that were there before. */
  readonly size: number;
}

/** Marks where a run that begins now begins in its log. To be called before the process is started. */
export const markLog = (file: string): LogMark => ({ file, size: existsSync(file) ? statSync(file).size : 0 });

/**
 * Waits until `isReady` answers true. Fails when the process ends before, or after `ms` milliseconds, quoting the end of the first of its
 * logs that has something of this run.
 */
export async function waitUntilReady(
  name: string,
  server: ServerProcess,
  logs: readonly LogMark[],
  ms: number,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await isReady())) {
    if (server.hasEnded()) throw new Error(`${name} ended while starting. ${quoted(logs)}`);
    if (Date.now() > deadline) {
      throw new Error(`${name} is not ready after ${String(ms / MS_PER_S)} s. ${quoted(logs)}`);
    }
    await delay(POLL_MS);
  }
}

function quoted(logs: readonly LogMark[]): string {
  const log = logs.find((each) => newLines(each).length > 0) ?? logs[0];
  return log ? `The end of ${log.file}:\n${endOfLog(log)}` : '';
}

function newLines({ file, size }: LogMark): string[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  // A log that is smaller than it was has been begun anew.
  const text = bytes.subarray(bytes.length < size ? 0 : size).toString('utf8');
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The last lines that were written to a log since it was marked, for an error message. */
export function endOfLog(log: LogMark): string {
  const lines = newLines(log).filter((line) => !STACK_FRAME.test(line));
  return lines.slice(-QUOTED_LINES).join('\n') || '(nothing was written to it)';
}
