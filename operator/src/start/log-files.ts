import { copyFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdirSync, openSync } from 'node:fs';

/** A log file larger than this, in bytes, is moved to `<name>.log.1`: two of them hold hours of a busy service. */
const LIMIT_BYTES = 20 * 1024 * 1024;
/** How often sizes are checked, in milliseconds: a busy service writes some 5 MB in that time. */
const LOOK_EVERY_MS = 2000;

/** Path of the log of a service or server. */
export function logFile(folder: string, name: string): string {
  return join(folder, 'logs', `${name}.log`);
}

/**
 * Opens a log for a child process, which writes to it directly: no pipe has to be read, and this process has no work.
 * The file is opened for appending, so that it may be truncated while it is written.
 */
export function openLog(folder: string, name: string): number {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  return openSync(logFile(folder, name), 'a', 0o600);
}

/**
 * Keeps logs within their limit. Returns the function that ends this. Lines written during the copy (milliseconds) may
 * be lost.
 */
export function rotateLogs(folder: string, names: readonly string[]): () => void {
  const look = async (): Promise<void> => {
    for (const name of names) {
      const file = logFile(folder, name);
      const { size } = await stat(file);
      if (size <= LIMIT_BYTES) continue;
      await copyFile(file, `${file}.1`);
      await truncate(file);
    }
  };
  // A disk that is full now may have room at the next check; nothing else can go wrong here.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
