import { readFileSync } from 'node:fs';

/** Ids of orders that were answered 2xx, from a file with one id a line. Empty lines are skipped. */
export const readOrdersFile = (path: string): string[] => [
  ...new Set(
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];
