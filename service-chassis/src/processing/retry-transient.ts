/** Waiting for the infrastructure: no message is at fault when the database is away. */
import { isTransient } from '../database/transient';
import { reasonOf } from '../telemetry/error-reason';
import type { Logger } from '../telemetry/log';
import { retry, type Patience } from '../timing/retry';

/**
 * Does `work` again while it fails with a transient error. Rejects with AbandonedError when the patience is at its end,
 * and with any other error at once.
 */
export const retryTransient = <Result>(
  work: () => Promise<Result>,
  log: Pick<Logger, 'warn'>,
  patience: Patience,
): Promise<Result> =>
  retry(
    work,
    isTransient,
    (error, failures) => {
      log.warn({ reason: reasonOf(error), failures }, 'waiting for the infrastructure; nothing is consumed meanwhile');
    },
    patience,
  );
