import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rootFolder } from '../root';
import { services, shortNames, type ShortName } from '../services';
import { endOfLog, markLog, type LogMark } from '../servers/child';
import { localAddress, serviceEnvironment } from './environment';
import { logFile } from './log-files';
import { serviceFlags } from './node-flags';
import type { Progress } from './progress';
import { supervise, type Supervised } from './supervisor';

/**
 * How long a service may take to become ready, in milliseconds: usually a second, more with a long outbox to recover.
 */
const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;

/** The four services, each started again when it dies. */
export interface RunningServices {
  urls: Record<ShortName, string>;
  /** Each service, to stop and start by itself. */
  supervised: Record<ShortName, Supervised>;
  /** Resolves when all are ready. Fails as soon as one dies before that, quoting its log. */
  ready(): Promise<void>;
  /** Lets all services drain, then ends them. */
  stop(): Promise<void>;
  /** Kills all services. */
  kill(): void;
}

/** Starts the four services and keeps them running. */
export function runServices(
  folder: string,
  ports: Record<ShortName, number>,
  databases: Record<ShortName, string>,
  brokers: Record<ShortName, string>,
  progress: Progress,
): RunningServices {
  const flags = serviceFlags();
  const running = shortNames.map((short) => {
    const { name } = services[short].table;
    const env = serviceEnvironment({ port: ports[short], databaseUrl: databases[short], rabbitmqUrl: brokers[short] });
    const file = join(rootFolder, 'dist', `${name}.js`);
    const log = markLog(logFile(folder, name));
    const supervised = supervise({ name, file, flags, env, folder }, (why, pauseMs) => {
      progress.note(
        `✖ ${name} died (${why}) and is started again in ${String(pauseMs / 1000)} s: npm run logs -- ${name}`,
      );
    });
    return { supervised, log, url: `http://${localAddress()}:${String(ports[short])}` };
  });
  return {
    // One entry for each short name, in their order, as for the URLs.
    supervised: Object.fromEntries(running.map(({ supervised }, i) => [shortNames[i], supervised])) as Record<
      ShortName,
      Supervised
    >,
    urls: Object.fromEntries(running.map(({ url }, i) => [shortNames[i], url])) as Record<ShortName, string>,
    ready: async () => {
      await Promise.all(running.map(({ supervised, url, log }) => waitUntilReady(supervised, url, log)));
    },
    stop: async () => {
      await Promise.all(running.map(({ supervised }) => supervised.stop()));
    },
    kill: () => {
      for (const { supervised } of running) supervised.kill();
    },
  };
}

async function waitUntilReady(service: Supervised, url: string, log: LogMark): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  let answer = 'no answer';
  while (answer !== 'ready') {
    if (service.lastDeath() !== undefined) {
      throw new Error(
        `${service.name} ends while starting (${String(service.lastDeath())}). The end of its log:\n${endOfLog(log)}`,
      );
    }
    if (Date.now() > deadline) {
      throw new Error(
        `${service.name} is not ready after ${String(READY_WITHIN_MS / 1000)} s: ${answer}\n${endOfLog(log)}`,
      );
    }
    await delay(POLL_MS);
    answer = await readiness(url);
  }
}

async function readiness(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_WITHIN_MS) });
    const text = await response.text();
    return response.ok ? 'ready' : text;
  } catch {
    return 'no answer';
  }
}
