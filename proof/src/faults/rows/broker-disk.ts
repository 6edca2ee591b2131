/** The disk of the broker, full to the last byte. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@quadrille/test-kit/src/eventually';
import type { NotRun, Row } from '../row';
import { mayMount, moveToSmallDisk } from '../small-disk';
import type { SystemUnderFault } from '../system-under-fault';

/** What the disk has free before it is filled: more than the limit of RabbitMQ's own alarm, which is 50 MB. */
const SPARE_BYTES = 128 * 1024 * 1024;

/** How long a disk stays full. */
const FULL_MS = 10_000;

/** A broker under load writes many times a second. */
const NOTICED_WITHIN_MS = 20_000;

/** Orders a second meanwhile: the broker must be writing when the last byte goes. */
const RATE = 40;

/** What RabbitMQ's log calls a write without room. */
const NO_ROOM = 'enospc';

const fault = 'The disk of the broker really full';

/** Counts how often the broker's log tells of a write without room, from now on. */
function watchForFullDisk({ folder }: SystemUnderFault): () => number {
  const count = () => readFileSync(join(folder, 'logs', 'rabbitmq.log'), 'utf8').split(NO_ROOM).length;
  const before = count();
  return () => count() - before;
}

/**
 * What an operator does when there is room again: throws the messages away. RabbitMQ 3.10 does not come out of it
 * whole. Its log writer takes queues (corrupt_log) and the supervisor of all dead-lettering with it; until the node is
 * started again no queue like ours can be declared, and a damaged queue that is deleted and declared anew works only
 * until the start after that (enoent).
 */
async function beginAnew(system: SystemUnderFault): Promise<void> {
  await system.broker().stop();
  rmSync(join(system.folder, 'broker', 'data'), { recursive: true });
  await system.restartBroker();
  await system.declareAgain();
}

/** What is not run where file systems cannot be mounted. */
export const brokerDiskMissing: NotRun | undefined = mayMount()
  ? undefined
  : { number: 16, fault, why: 'needs a small file system of its own, which only root may mount, on Linux' };

const brokerDisk: Row = {
  number: 16,
  group: 'broker',
  fault,
  expected:
    'orders are taken and wait; with room again, the broker begins anew without its messages, everything is declared again, and all are carried on',
  youWillSee:
    '"enospc", then "corrupt_log" in the log of RabbitMQ 3.10, queues without a leader: make room, stop it, delete `.data/broker/data`, start',
  inject: async ({ system, load, recovered, finally: whenOver }) => {
    await system.broker().stop();
    const disk = await moveToSmallDisk(join(system.folder, 'broker'), SPARE_BYTES);
    whenOver(async () => {
      await system.broker().stop();
      await disk.remove();
      await system.restartBroker();
    });
    await system.restartBroker();
    await recovered();
    const full = watchForFullDisk(system);
    load.setRate(RATE);
    disk.fill();
    await eventually(() => {
      if (full() === 0) throw new Error('the broker did not notice that its disk is full');
    }, NOTICED_WITHIN_MS);
    const before = load.placed.size;
    await pause(FULL_MS);
    const taken = load.placed.size - before;
    disk.free();
    await beginAnew(system);
    await recovered();
    return {
      'times its log says enospc': full(),
      'orders taken meanwhile': taken,
      'rows relayed': ({ counters }) => counters.relayed,
    };
  },
};

/** The rows. */
export const brokerDiskRows: readonly Row[] = brokerDiskMissing ? [] : [brokerDisk];
