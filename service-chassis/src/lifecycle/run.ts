/**
 * The life of a service's process: configuration, start, work, an orderly end.
 *
 * SIGTERM, SIGINT and the loss of the supervisor (a closed IPC channel) all mean the same: take no new work, finish
 * what was begun, exit. After STOP_TIMEOUT_MS the process exits anyway; what is not finished is redelivered or relayed.
 */
import { ConfigurationError, readConfig } from './config';
import { collectWhenIdle } from './collect-garbage';
import { createLogger, type Logger } from '../telemetry/log';
import { installZodMessages } from '../validation/zod-messages';
import type { z } from 'zod';

/** Longest time that an orderly end may take. */
export const STOP_TIMEOUT_MS = 10_000;

/** A service that was put together. Nothing of it connects, listens or waits for a timer before start(). */
export interface App {
  /**
   * Starts the service. Resolves with its address, such as http://127.0.0.1:8001, once requests are answered; rejects
   * when it cannot listen there, and stop() then ends what was begun.
   */
  start(): Promise<string>;
  /** Finishes what was begun and closes every connection; also before start(). */
  stop(): Promise<void>;
}

/** The service that `run` runs. */
export interface RunOptions<Config extends { readonly LOG_LEVEL: string }> {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  readonly create: (config: Config, log: Logger) => Promise<App>;
}

/** Runs a service until it is told to stop. Never gives control of the process back to its caller. */
export async function run<Config extends { readonly LOG_LEVEL: string }>({
  name,
  config: schema,
  create,
}: RunOptions<Config>): Promise<void> {
  installZodMessages();
  let config: Config;
  try {
    config = readConfig(schema, process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(2);
  }
  const log = createLogger(name, config.LOG_LEVEL);
  const die = (error: unknown) => {
    log.fatal({ err: error }, 'the service cannot go on');
    // Let the line reach its file; crash-only otherwise: the state is in the database and the broker.
    log.flush(() => process.exit(1));
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  collectWhenIdle();
  const app = await create(config, log);
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    setTimeout(() => {
      log.error('not finished in time; the rest is redelivered');
      log.flush(() => process.exit(1));
    }, STOP_TIMEOUT_MS).unref();
    app.stop().then(() => {
      log.info('stopped');
      log.flush(() => process.exit(0));
    }, die);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', () => {
    stop('the supervisor is gone');
  });
  await app.start();
  log.info('started');
}
