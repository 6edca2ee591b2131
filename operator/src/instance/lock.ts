/**
 * An instance is what runs on one data folder. This folder keeps instances apart, so that several copies of the
 * repository can run on one machine: a lock with one holder at a time (lock.ts), ports that no other instance takes
 * (ports.ts), processes that are recognised as its own after a crash (processes.ts), and its passwords (secrets.ts).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../error-code';
import { processStart } from './processes';

/** A lock file held by this process. */
export interface Lock {
  /** Removes the file. */
  release(): void;
}

/**
 * Takes a lock file for as long as this process lives, or returns the id of the process that holds it. A file whose
 * process has died, or whose process id now belongs to another process, does not count.
 */
export function takeLock(file: string): Lock | { heldBy: number } {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, `${String(process.pid)} ${processStart(process.pid) ?? ''}\n`, { flag: 'wx' });
      return {
        release: () => {
          rmSync(file, { force: true });
        },
      };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const holder = lockHolder(file);
    if (holder !== undefined) return { heldBy: holder };
    rmSync(file, { force: true });
  }
}

/** The id of the process that holds a lock file, or undefined when it is not held. */
export function lockHolder(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, ...start] = text.trim().split(' ');
  return processStart(Number(pid)) === start.join(' ') ? Number(pid) : undefined;
}
