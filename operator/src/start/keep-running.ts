import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '@quadrille/service-chassis';
import type { PrivateServers } from '../servers/private-servers';
import type { ServerProcess } from '../servers/child';
import type { Progress } from './progress';

/** Pause before each attempt to start a server that died, in milliseconds. */
const PAUSE_MS = 1000;

/**
 * Starts the private servers again when they die. Returns the function that ends this. Services wait for their servers
 * meanwhile.
 */
export function keepRunning(
  servers: Pick<PrivateServers<string>, 'postgres' | 'broker' | 'restartPostgres' | 'restartBroker'>,
  isStopping: () => boolean,
  progress: Progress,
): () => void {
  let ended = false;
  const over = (): boolean => ended || isStopping();
  const watch = async (
    name: string,
    first: { process: ServerProcess } | undefined,
    restart: () => Promise<{ process: ServerProcess }>,
  ) => {
    let server = first;
    while (server) {
      await server.process.ended;
      if (over()) return;
      progress.note(`✖ ${name} died and is started again`);
      server = await startAgain(restart);
    }
  };
  const startAgain = async (
    restart: () => Promise<{ process: ServerProcess }>,
  ): Promise<{ process: ServerProcess } | undefined> => {
    while (!over()) {
      await delay(PAUSE_MS);
      if (over()) return undefined;
      try {
        return await restart();
      } catch (error) {
        progress.note(reasonOf(error));
      }
    }
    return undefined;
  };
  void watch('PostgreSQL', servers.postgres, servers.restartPostgres);
  void watch('RabbitMQ', servers.broker, servers.restartBroker);
  return () => {
    ended = true;
  };
}
