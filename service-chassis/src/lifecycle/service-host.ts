/** The parts that every service has, in the order in which they start and stop. */
import type { Pool } from 'pg';
import { withTimeout } from '../timing/timeout';
import type { CommonConfig } from './config';
import { openPool } from '../database/pool';
import { createHttpServer, type HttpServerOptions } from '../http/server';
import type { Readiness } from '../http/health';
import type { Logger } from '../telemetry/log';
import { createMetrics, type ServiceMetrics } from '../telemetry/metrics';
import { reasonOf } from '../telemetry/error-reason';
import type { App } from './run';

/** A database that does not answer a trivial query within this time counts as down. */
const PING_TIMEOUT_MS = 2_000;

/** Requests that take longer than this to arrive or to be answered are cut when the service stops. */
const HTTP_STOP_MS = 1_000;

/** Closing the connections to the database is not waited for beyond this time: the server notices by itself. */
const POOL_STOP_MS = 500;

/** What a service's own parts are built from. */
export interface Foundation {
  readonly pool: Pool;
  readonly metrics: ServiceMetrics;
  readonly log: Logger;
}

/** Creates the pool and the metrics of a service. The pool connects when it is first used. */
export function layFoundation(service: string, config: CommonConfig, log: Logger): Foundation {
  const metrics = createMetrics(service);
  const pool = openPool(config.DATABASE_URL, config.DATABASE_POOL_SIZE, service, (error) => {
    log.warn({ reason: error.message }, 'an idle database connection was closed');
  });
  metrics.gauge('database_connections', 'Open connections to the database', () => pool.totalCount);
  metrics.gauge('database_waiting', 'Requests waiting for a connection', () => pool.waitingCount);
  return { pool, metrics, log };
}

/** Returns why the database does not answer, or undefined when it does. Takes at most PING_TIMEOUT_MS. */
function pingDatabase(pool: Pool): Promise<string | undefined> {
  const answer = pool.query('SELECT 1').then(() => undefined, reasonOf);
  return withTimeout(answer, PING_TIMEOUT_MS, () => `no answer within ${String(PING_TIMEOUT_MS)} ms`);
}

/**
 * Puts the HTTP server in front of a participant. Nothing connects or listens before start(), which starts the
 * participant first: no request comes before it. `brokerRequired` says whether the service can do nothing for its
 * callers without the broker; order-service can, since its outbox keeps what it publishes.
 */
export async function createServiceHost(options: {
  readonly config: CommonConfig & { readonly PORT: number };
  readonly foundation: Foundation;
  readonly participant: {
    start(): void;
    problems(): Readonly<Record<string, string>>;
    stop(): Promise<void>;
  };
  readonly brokerRequired: boolean;
  readonly http: Pick<HttpServerOptions, 'service' | 'description' | 'routes'>;
  /** Closes what the service opened besides: Prisma, transports. */
  readonly close?: () => Promise<void>;
}): Promise<App> {
  const { config, participant, foundation } = options;
  const { pool, log, metrics } = foundation;
  const readiness = async (): Promise<Readiness> => {
    const down = await pingDatabase(pool);
    const broker = participant.problems();
    const status =
      down !== undefined
        ? 'not ready'
        : Object.keys(broker).length === 0
          ? 'ready'
          : options.brokerRequired
            ? 'not ready'
            : 'degraded';
    return { status, problems: { ...broker, ...(down === undefined ? {} : { database: down }) } };
  };
  const server = await createHttpServer({ ...options.http, log, metrics, readiness });
  return {
    start: async () => {
      participant.start();
      return server.listen({ host: config.HOST, port: config.PORT });
    },
    stop: async () => {
      await withTimeout(server.close(), HTTP_STOP_MS, () => undefined);
      server.server.closeAllConnections();
      await participant.stop();
      await options.close?.();
      await withTimeout(pool.end(), POOL_STOP_MS, () => undefined);
    },
  };
}
