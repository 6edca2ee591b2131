/** A disk that is full to the last byte. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { NotRun, Row } from '../row';
import { mayMount, moveToSmallDisk } from '../small-disk';
import type { SystemUnderFault } from '../system-under-fault';

/** What the disk has free before it is filled: some segments of PostgreSQL's log. */
const SPARE_BYTES = 128 * 1024 * 1024;

/** How long a disk stays full. */
const FULL_MS = 10_000;

/** PostgreSQL, which writes all the time, notices by then. */
const NOTICED_WITHIN_MS = 40_000;

/** Orders a second meanwhile: tables and logs must grow. */
const RATE = 40;

/** Counts what PostgreSQL could not write, from now on. */
function watchForFullDisk({ folder }: SystemUnderFault): () => number {
  const count = () =>
    readFileSync(join(folder, 'logs', 'postgres.log'), 'utf8').split('No space left on device').length;
  const before = count();
  return () => count() - before;
}

/** What is not run where file systems cannot be mounted. */
export const diskMissing: NotRun | undefined = mayMount()
  ? undefined
  : {
      number: 30,
      fault: 'The disk of the database really full',
      why: 'needs a small file system of its own, which only root may mount, on Linux',
    };

const databaseDisk: Row = {
  number: 30,
  group: 'database',
  fault: 'The disk of all databases full to the last byte, then freed',
  expected: 'the services wait, HTTP answers 503 with Retry-After; PostgreSQL may crash of it, and recovers',
  youWillSee: '"could not extend file ... No space left on device", "waiting for the infrastructure"; 503',
  inject: async ({ system, load, recovered, finally: whenOver }) => {
    await system.postgres().stop();
    const disk = await moveToSmallDisk(join(system.folder, 'postgres'), SPARE_BYTES);
    whenOver(async () => {
      await system.postgres().stop();
      await disk.remove();
      await system.restartPostgres();
    });
    await system.restartPostgres();
    await recovered();
    const full = watchForFullDisk(system);
    load.setRate(RATE);
    disk.fill();
    await eventually(() => {
      if (full() === 0) throw new Error('PostgreSQL did not notice that its disk is full');
    }, NOTICED_WITHIN_MS);
    const before = load.repeated();
    await pause(FULL_MS);
    disk.free();
    // Without room for its log it gives up; it is started again, as an operator would.
    if (system.postgres().process.hasEnded()) await system.restartPostgres();
    await recovered();
    return {
      'statements without room': full(),
      'times a service waited for it': ({ counters }) => counters.waited,
      'requests repeated by customers': load.repeated() - before,
    };
  },
};

/** The rows. */
export const diskRows: readonly Row[] = diskMissing ? [] : [databaseDisk];
