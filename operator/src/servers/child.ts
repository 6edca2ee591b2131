import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcesses } from '../instance/processes';

/** A start that finds a server's log larger than this, in bytes, begins it anew. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** How many lines of a log an error message quotes: the reason is in the last ones. */
const QUOTED_LINES = 8;
/** A line of a stack trace. Node writes ten of them below the reason, which would leave no room for it. */
const STACK_FRAME = /^\s+at /;
/** Pause between two checks of a server that is starting, in milliseconds. */
const POLL_MS = 50;
const MS_PER_S = 1000;

/** A server process that this process started. */
export interface ServerProcess {
  pid: number;
  /** The signal that makes it end cleanly. */
  cleanEnd: NodeJS.Signals;
  /** Resolves when the process has ended for any reason. */
  ended: Promise<void>;
  hasEnded(): boolean;
  /** Asks it to end with `signal`, kills it after `graceMs` milliseconds, and resolves when it is gone. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/** A command, and the user and folder it runs with. */
export interface Command {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  argv0?: string;
}

// The processes started here that have not ended yet: an interrupted start must find them.
const running = new Set<ServerProcess>();
/** How long any server gets to end, in milliseconds: as long as the slowest, a broker. */
const END_GRACE_MS = 20_000;

/** Ends every server that this process has started, with `signal` or else with the clean signal of each. */
export async function endStarted(signal?: NodeJS.Signals): Promise<void> {
  await Promise.all([...running].map((server) => server.end(signal ?? server.cleanEnd, END_GRACE_MS)));
}

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal reaches only this process, which decides the
 * order of stopping. `cleanEnd` is the signal that makes the server end cleanly.
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
  // Not found, which is reported below; or a failed signal, after which the process goes on.
  child.on('error', () => undefined);
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

// Kills the whole session: a script that is killed alone leaves its server running.
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing was left
  }
}

/** A log and where the current run begins in it: an error of an earlier run is not why this one ends. */
export interface LogMark {
  readonly file: string;
  /** Its size in bytes before the run. */
  readonly size: number;
}

/** Marks the current end of a log. Call it before the process is started. */
export const markLog = (file: string): LogMark => ({ file, size: existsSync(file) ? statSync(file).size : 0 });

/**
 * Waits until `isReady` returns true. Fails when the process ends before, or after `ms` milliseconds, quoting the end
 * of the first of its logs that has something of this run.
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
  // A log that has become smaller was begun anew.
  const text = bytes.subarray(bytes.length < size ? 0 : size).toString('utf8');
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The last lines that were written to a log since it was marked, for an error message. */
export function endOfLog(log: LogMark): string {
  const lines = newLines(log).filter((line) => !STACK_FRAME.test(line));
  return lines.slice(-QUOTED_LINES).join('\n') || '(nothing was written to it)';
}
