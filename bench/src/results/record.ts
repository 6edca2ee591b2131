/** The ratio on record: the result of the last full run, with which smoke runs are compared. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { z } from 'zod';
import type { Results } from './results';

const file = join(rootFolder, 'bench', 'record.json');

const Record = z.object({ commit: z.string(), measured_at: z.string(), burst_to_baseline: z.number() });

/** Reads the recorded ratio of the product's rate to the baseline's. Fails, naming the remedy, when there is none. */
export function readRecord(): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error('No ratio is on record yet: npm run bench (all of it) writes bench/record.json.');
  }
  return Record.parse(JSON.parse(text)).burst_to_baseline;
}

/** Records the ratio of a full run. */
export function writeRecord({ machine, measured_at, ratios }: Results): void {
  const record = Record.parse({ commit: machine.commit, measured_at, burst_to_baseline: ratios['burst_to_baseline'] });
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
}
