/**
 * Counting the runs of a redelivered message, to find out the one that takes its process down.
 *
 *     lock, load -> its turn -> [count one more, committed at once] -> decide, write, forget the count -> COMMIT
 *
 * Only a death in between is the message's: one that waits for the lock of its order, or for a connection, is innocent
 * of what happens to its process meanwhile, and so is one that is committed. (Not one whose writes are held up: locking
 * a whole table and killing the process three times makes it a suspect.) A run that ends in any other way than by death
 * takes its count back, if the database lets it. Of a whole process only one message is counted at a time: after every
 * death each lane begins with the same message again, and the innocent one would be counted with the one that kills.
 */
import type { Pool } from 'pg';
import { isTransient } from '../database/transient';
import type { TransactionHooks } from './processor';
import type { Semaphore } from '../timing/semaphore';
import type { Logger } from '../telemetry/log';

/**
 * Deaths closer to each other than this count as one. Less than a process takes to be started again and to come to the
 * same message.
 */
export const ONE_DEATH_MS = 1_000;

/** Each is also asked by the laws that the simulation's database is held to. */
export const RUNS = {
  name: 'delivery-attempt-runs',
  text: `SELECT attempts, updated_at > now() - make_interval(secs => ${String(ONE_DEATH_MS)} / 1000.0) AS recent
    FROM delivery_attempt WHERE message_id = $1`,
};
/** Sets the number of runs instead of adding one, so that it can be sent again when its answer was lost. */
export const SET_RUNS = {
  name: 'delivery-attempt',
  text: `INSERT INTO delivery_attempt (message_id, attempts) VALUES ($1, $2)
    ON CONFLICT (message_id) DO UPDATE SET attempts = excluded.attempts, updated_at = now()`,
};
export const FORGET_RUNS = {
  name: 'delivery-attempt-done',
  text: 'DELETE FROM delivery_attempt WHERE message_id = $1',
};

/** What counting needs. */
export interface DeathCountOptions {
  readonly pool: Pool;
  readonly log: Logger;
  /** Shared by all lanes of a process. */
  readonly takeTurn: Semaphore;
}

/** What is known of a message that came again; its hooks count one more run of it. */
export interface DeathCount {
  /** Runs before this one that ended with the death of their process. */
  readonly deaths: number;
  /** For the transaction that decides about it, and for each further try of that. */
  readonly hooks: TransactionHooks;
  /** Forgets the count of a message that was parked. */
  readonly forget: () => Promise<void>;
}

/** Asks something of the counts; whether it was answered. Rejects only when the infrastructure is at fault. */
async function tolerate(ask: () => Promise<unknown>, log: Logger, id: string): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isTransient(error)) throw error;
    log.error({ err: error, message_id: id }, 'the runs of a redelivered message could not be counted');
    return false;
  }
}

/**
 * Reads how often a message took its process down. Rejects only when the infrastructure is at fault: a count that fails
 * for a reason of its own must not keep the message from its decision, which then goes on uncounted.
 */
export async function openDeathCount({ pool, log, takeTurn }: DeathCountOptions, id: string): Promise<DeathCount> {
  const set = (runs: number) => pool.query({ ...SET_RUNS, values: [id, runs] });
  const forget = () => pool.query({ ...FORGET_RUNS, values: [id] });
  let before = { attempts: 0, recent: false };
  const read = async () => {
    const { rows } = await pool.query<typeof before>({ ...RUNS, values: [id] });
    before = rows[0] ?? before;
  };
  await tolerate(read, log, id);
  const { attempts: deaths, recent } = before;
  let pass: (() => void) | undefined;
  let counted = false;
  return {
    deaths,
    hooks: {
      beforeDecide: async () => {
        pass = await takeTurn();
        counted = recent || (await tolerate(() => set(deaths + 1), log, id));
      },
      lastWrites: (tx) => (counted ? [tx.query({ ...FORGET_RUNS, values: [id] })] : []),
      afterwards: async (committed) => {
        // Never counted, if its turn has not come; perhaps counted, if there was no answer.
        if (pass && !committed && !recent) await (deaths === 0 ? forget() : set(deaths)).catch(() => undefined);
        pass?.();
        pass = undefined;
      },
    },
    forget: async () => {
      await tolerate(forget, log, id);
    },
  };
}
