/**
 * What happened, step by step: a digest that is the same for the same seed, to the byte, and the lines themselves for a
 * caller who wants them.
 */
import { createHash } from 'node:crypto';

/** Characters gathered before they are digested. */
const CHUNK = 65_536;

/** A history being written. */
export interface History {
  /** Adds a line. */
  readonly record: (line: string) => void;
  /** The digest of everything; ends the history. */
  digest(): string;
}

/** Begins a history; `write` gets its text in chunks. */
export function createHistory(nowMs: () => number, write?: (text: string) => void): History {
  const hash = createHash('sha256');
  let chunk = '';
  const flush = () => {
    hash.update(chunk);
    write?.(chunk);
    chunk = '';
  };
  return {
    record: (line) => {
      chunk += `${nowMs().toFixed(3)} ${line}\n`;
      if (chunk.length > CHUNK) flush();
    },
    digest: () => {
      flush();
      return hash.digest('hex');
    },
  };
}
