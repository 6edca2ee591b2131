/** One service of the system under faults: kept running as npm start does, armed, killed and frozen as a fault asks. */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { services, type ShortName } from '@quadrille/operator/src/services';
import { logFile, openLog } from '@quadrille/operator/src/start/log-files';
import { serviceFlags } from '@quadrille/operator/src/start/node-flags';
import { supervise, type ServiceProcess, type Supervised } from '@quadrille/operator/src/start/supervisor';
import { eventually } from '@quadrille/test-kit/src/eventually';

/** A service starts in about a second; on a machine busy with faults in several. */
const READY_WITHIN_MS = 60_000;

/** A failpoint that is not reached under load by then is never reached. */
const DEATH_WITHIN_MS = 40_000;

/** A health check that takes longer is no answer. */
const CHECK_TIMEOUT_MS = 3_000;

/** How a service died. */
export interface Death {
  /** The signal or exit code. */
  readonly why: string;
  readonly atMs: number;
}

/** What a start of the service differs in from the usual one. */
export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** A service that faults are done to. */
export interface ServiceUnderFault {
  readonly short: ShortName;
  readonly name: string;
  readonly url: string;
  readonly log: string;
  readonly pid: () => number | undefined;
  readonly deaths: readonly Death[];
  /**
   * SIGTERM, and a new start; resolves when that is ready. What it differs in holds until the next restart. Returns how
   * long the stop took.
   */
  readonly restart: (start?: Start) => Promise<number>;
  /**
   * The same with a failpoint; resolves when it has killed the service. The supervisor's next start is an unarmed one.
   */
  readonly dieAt: (failpoint: string) => Promise<void>;
  /** Arms a failpoint until the next restart, through all deaths. Resolves when it runs, ready or not. */
  readonly arm: (start: Start) => Promise<void>;
  /** Ends it with SIGTERM and leaves it so until the next restart. */
  readonly stop: () => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly isReady: () => Promise<boolean>;
}

/** Whether a service says that it is ready, without a but. */
async function saysReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
    return (await response.text()).includes('"ready"');
  } catch {
    return false;
  }
}

/** Starts a service with this environment. */
export function startService(
  folder: string,
  short: ShortName,
  port: number,
  env: NodeJS.ProcessEnv,
): ServiceUnderFault {
  const { name } = services[short].table;
  closeSync(openLog(folder, name)); // there to be read from the beginning
  const url = `http://127.0.0.1:${String(port)}`;
  const log = logFile(folder, name);
  const usual = { name, file: join(rootFolder, 'dist', `${name}.js`), flags: serviceFlags(), env, folder };
  const deaths: Death[] = [];
  const process: ServiceProcess = { ...usual };
  const launch = ({ env: more, flags }: Start = {}): Supervised => {
    process.env = { ...usual.env, ...more };
    process.flags = [...usual.flags, ...(flags ?? [])];
    return supervise(process, (why) => deaths.push({ why, atMs: performance.now() }));
  };
  let supervised = launch();
  const isReady = () => saysReady(url);
  const untilReady = () =>
    eventually(async () => {
      if (!(await isReady())) throw new Error(`${name} is not ready`);
    }, READY_WITHIN_MS);
  const stop = async () => {
    const began = performance.now();
    await supervised.stop();
    return performance.now() - began;
  };
  return {
    short,
    name,
    url,
    log,
    deaths,
    isReady,
    pid: () => supervised.pid(),
    restart: async (start) => {
      const tookMs = await stop();
      supervised = launch(start);
      await untilReady();
      return tookMs;
    },
    dieAt: async (failpoint) => {
      await stop();
      const before = deaths.length;
      supervised = launch({ env: { FAILPOINT: failpoint } });
      process.env = usual.env; // read at each start: the next one is the usual one
      await eventually(() => {
        if (deaths.length === before) throw new Error(`${name} never came to ${failpoint}`);
      }, DEATH_WITHIN_MS);
      const why = deaths.at(-1)?.why;
      if (why !== 'SIGKILL') throw new Error(`${name} died of ${String(why)}, not at ${failpoint}`);
    },
    arm: async (start) => {
      await stop();
      supervised = launch(start);
    },
    stop: async () => {
      await stop();
    },
    signal: (signal) => {
      const pid = supervised.pid();
      if (pid !== undefined) globalThis.process.kill(pid, signal);
    },
  };
}
