/** One service as a real process that is started, stopped, killed and frozen by signals. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { eventually } from './eventually';

/**
 * How long a service may take to become ready, in milliseconds: about a second, several on a machine busy with tests.
 */
const READY_WITHIN_MS = 30_000;

/** How many lines of a log a failure quotes. */
const QUOTED_LINES = 20;

/** How a process ended. */
export interface Ending {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly tookMs: number;
}

/** A service process that can be ended and started again at the same address. */
export interface ServiceProcess {
  readonly url: string;
  /** Starts it and resolves when it is ready. */
  readonly start: () => Promise<void>;
  /** Sends SIGTERM; resolves with how it ended. */
  readonly stop: () => Promise<Ending>;
  /** Sends SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Sends SIGSTOP: connections stay open without a response until thaw(). */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Ids of the messages that it has handled since its first start, in order, as far as they are in its log. */
  readonly handled: () => string[];
}

/** What to run. */
export interface ServiceProcessOptions {
  readonly name: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

function launch({ name, port, env, logFile }: ServiceProcessOptions): ChildProcess {
  const bundle = join(rootFolder, 'dist', `${name}.js`);
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: npm test builds it first.`);
  const log = openSync(logFile, 'a');
  // The channel tells the service when this test has died.
  const child = fork(bundle, [], {
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: [],
  });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<Ending> {
  const began = performance.now();
  if (!child || !isRunning(child)) return { code: child?.exitCode ?? null, tookMs: 0 };
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return { code: await exited, tookMs: performance.now() - began };
}

/** Creates a service that is not started yet. */
export function serviceProcess(options: ServiceProcessOptions): ServiceProcess {
  const url = `http://127.0.0.1:${String(options.port)}`;
  let child: ChildProcess | undefined;
  const ready = async (started: ChildProcess) => {
    if (!isRunning(started)) return;
    const response = await fetch(`${url}/readyz`);
    if (!(await response.text()).includes('"ready"')) throw new Error(`${options.name} is not ready`);
  };
  return {
    url,
    start: async () => {
      const started = launch(options);
      child = started;
      await eventually(() => ready(started), READY_WITHIN_MS);
      if (isRunning(started)) return;
      const log = readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-QUOTED_LINES);
      throw new Error(`${options.name} ended while starting:\n${log.join('\n')}`);
    },
    stop: () => end(child, 'SIGTERM'),
    kill: async () => {
      await end(child, 'SIGKILL');
    },
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    handled: () =>
      readFileSync(options.logFile, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"msg":"handled"'))
        .map((line) => /"message_id":"([^"]+)"/.exec(line)?.[1] ?? ''),
  };
}
