/** Trying again what the infrastructure holds up, for as long as the caller wants it. */
import { backoffMs, pause } from '../timing/backoff';
import { isTransient } from '../database/transient';
import type { Logger } from '../telemetry/log';
import { reasonOf } from '../telemetry/error-reason';

/** Pauses while the database or the broker is away. */
export const RETRY = { firstMs: 100, maxMs: 5_000 };

/** Whether deliveries are worth another try after so many failures of the infrastructure. */
export type ShouldContinue = (failures: number) => boolean;

/** The channel is gone, or the service stops and cannot finish: these deliveries come back on another channel. */
export class AbandonedError extends Error {}

/** Tries again while the infrastructure is at fault. Rejects with AbandonedError when `shouldContinue` says stop, and with any other error at once. */
export async function retryTransient<Result>(
  log: Logger,
  work: () => Promise<Result>,
  shouldContinue: ShouldContinue,
): Promise<Result> {
  for (let failures = 0; ; failures++) {
    if (!shouldContinue(failures)) throw new AbandonedError();
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      log.warn({ reason: reasonOf(error), failures }, 'waiting for the infrastructure; nothing is consumed meanwhile');
      await pause(backoffMs(failures, RETRY));
    }
  }
}
