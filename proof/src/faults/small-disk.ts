/**
 * A disk of a few megabytes under the data of a server: a file system in memory, which only root may mount. What really
 * happens when a disk is full cannot be had otherwise without filling that of the machine.
 */
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '@quadrille/operator/src/error-code';

const run = promisify(execFile);

/** The bit of CAP_SYS_ADMIN, which mounting needs, in the capabilities of a process. */
const CAP_SYS_ADMIN = 1n << 21n;

/** The last bytes of a disk are filled with blocks of these sizes. */
const BLOCK_BYTES = [1024 * 1024, 4096, 1];

/** A disk that a row has put under a folder. */
export interface SmallDisk {
  /** Until not one byte more can be written. */
  fill(): void;
  /** Takes away what filled it. */
  free(): void;
  /** Moves the folder back to the disk it came from. It must not be in use meanwhile. */
  remove(): Promise<void>;
}

/** Whether this process may mount a file system. */
export function mayMount(): boolean {
  if (process.platform !== 'linux') return false;
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${capabilities}`) & CAP_SYS_ADMIN) !== 0n;
}

/** Moves a folder that is not in use to a disk with `spareBytes` more than it needs. */
export async function moveToSmallDisk(folder: string, spareBytes: number): Promise<SmallDisk> {
  const { uid, gid, mode } = statSync(folder);
  const used = Number.parseInt((await run('du', ['--summarize', '--block-size=1', folder])).stdout, 10);
  const away = `${folder}.away`;
  renameSync(folder, away);
  mkdirSync(folder);
  const options = [`size=${String(used + spareBytes)}`, `uid=${String(uid)}`, `gid=${String(gid)}`];
  await run('mount', ['-t', 'tmpfs', '-o', [...options, `mode=${(mode & 0o777).toString(8)}`].join(), 'tmpfs', folder]);
  await run('cp', ['--archive', `${away}/.`, folder]);
  rmSync(away, { recursive: true });
  const filler = join(folder, 'filler');
  return {
    fill: () => {
      fillDisk(filler);
    },
    free: () => {
      rmSync(filler, { force: true });
    },
    remove: async () => {
      rmSync(filler, { force: true });
      await run('cp', ['--archive', `${folder}/.`, away]);
      await unmount(folder);
      renameSync(away, folder);
    },
  };
}

/** Takes away the disks below a folder that a killed run has left. */
export async function unmountBelow(folder: string): Promise<void> {
  if (!existsSync('/proc/self/mounts')) return;
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points) await unmount(point);
}

async function unmount(point: string): Promise<void> {
  await run('umount', [point]);
  rmdirSync(point);
}

function fillDisk(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (const bytes of BLOCK_BYTES) writeUntilFull(descriptor, Buffer.alloc(bytes));
  } finally {
    closeSync(descriptor);
  }
}

function writeUntilFull(descriptor: number, block: Buffer): void {
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if (!hasCode(error, 'ENOSPC')) throw error;
  }
}
