import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '@quadrille/service-chassis';
import { endProcesses } from '../instance/processes';
import { openLog } from './log-files';

/**
 * First pause before a service that died is started again, in milliseconds; doubled at each further death up to the
 * longest.
 */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A service that ran this long, in milliseconds, was healthy: the next death is a first one again. */
const HEALTHY_AFTER_MS = 30_000;
/** Services drain within 10 s of SIGTERM; the process gets one second more to end. In milliseconds. */
const STOP_GRACE_MS = 11_000;

/** A service to keep running. */
export interface ServiceProcess {
  name: string;
  /** The bundle to run. */
  file: string;
  /** Flags for Node.js. */
  flags: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Data folder, which holds the logs. */
  folder: string;
}

/** A service that is started again when it dies. */
export interface Supervised {
  name: string;
  /** Id of the current process; undefined between two. */
  pid(): number | undefined;
  /** Why it died last; undefined if it never did. */
  lastDeath(): string | undefined;
  /** Lets it drain and ends it. It stays stopped until `start`. */
  stop(): Promise<void>;
  /** Starts it after it was stopped. */
  start(): void;
  /** Kills it. It stays stopped until `start`. */
  kill(): void;
}

/**
 * Starts a service, and starts it again when it dies. `onDeath` is called with the reason and the pause before the
 * start, in milliseconds.
 */
export function supervise(service: ServiceProcess, onDeath: (why: string, pauseMs: number) => void): Supervised {
  let stopping = false;
  let pause = FIRST_PAUSE_MS;
  let lastDeath: string | undefined;
  let child = launch(service);
  let ended = follow();

  function follow(): Promise<void> {
    const started = performance.now();
    return new Promise((resolve) => {
      const end = (why: string) => {
        resolve();
        if (stopping) return;
        if (performance.now() - started > HEALTHY_AFTER_MS) pause = FIRST_PAUSE_MS;
        died(why);
      };
      child.on('error', (error) => {
        // A process that could not be started has no exit event; for one that runs, the error concerns only a message.
        if (child.pid === undefined) end(error.message);
      });
      child.once('exit', (code, signal) => {
        end(signal ?? `exit code ${String(code)}`);
      });
    });
  }

  function died(why: string): void {
    lastDeath = why;
    onDeath(why, pause);
    void restart();
  }

  async function restart(): Promise<void> {
    const wait = pause;
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    await delay(wait);
    if (stopping) return;
    try {
      child = launch(service);
      ended = follow();
    } catch (error) {
      died(reasonOf(error)); // no process or no file available; this may pass
    }
  }

  return {
    name: service.name,
    pid: () => (child.exitCode === null && child.signalCode === null ? child.pid : undefined),
    lastDeath: () => lastDeath,
    stop: async () => {
      stopping = true;
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        await endProcesses([child.pid], 'SIGTERM', STOP_GRACE_MS);
        await ended;
      }
    },
    start: () => {
      stopping = false;
      child = launch(service);
      ended = follow();
    },
    kill: () => {
      stopping = true;
      child.kill('SIGKILL');
    },
  };
}

// In a session of its own, so that Ctrl-C reaches only the supervisor. The channel tells the service when the
// supervisor has died.
function launch(service: ServiceProcess): ReturnType<typeof spawn> {
  const log = openLog(service.folder, service.name);
  const child = spawn(process.execPath, [...service.flags, service.file], {
    env: service.env,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return child;
}
