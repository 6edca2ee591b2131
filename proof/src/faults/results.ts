/** The results of the last run of each row, kept beside the document that is made of them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { commitAtHand } from '../commit';
import { rootFolder } from '@quadrille/operator/src/root';
import { documentOf } from './document';
import type { NotRun, Result, Row } from './row';

const file = join(rootFolder, 'docs', 'failure-modes.json');
const document = join(rootFolder, 'docs', 'failure-modes.md');
const template = join(rootFolder, 'proof', 'src', 'faults', 'failure-modes.template.md');

const resultSchema = z.object({
  number: z.number(),
  verdict: z.enum(['holds', 'broken', 'not proven', 'failed']),
  seen: z.string(),
  recoveryMs: z.number().nullable(),
  absorbed: z.number(),
  orders: z.number(),
  cancelled: z.number(),
  parked: z.number(),
  tookMs: z.number(),
  /** Of the copy that ran the row. */
  commit: z.string(),
});

const resultsSchema = z.record(z.string(), resultSchema);

/** Tenths of a second: more would only be noise. */
const rounded = (ms: number) => Math.round(ms / 100) * 100;

/** Keeps these results in place of the earlier ones of the same rows, and writes the document anew. */
export function keepResults(rows: readonly Row[], notRun: readonly NotRun[], results: readonly Result[]): void {
  const earlier = existsSync(file) ? resultsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  const kept = new Map(Object.entries(earlier));
  const commit = commitAtHand();
  for (const result of results) {
    const recoveryMs = result.recoveryMs === null ? null : rounded(result.recoveryMs);
    kept.set(String(result.number), { ...result, recoveryMs, tookMs: rounded(result.tookMs), commit });
  }
  const known = [...kept.values()].filter(({ number }) => rows.some((row) => row.number === number));
  known.sort((a, b) => a.number - b.number);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(known.map((each) => [each.number, each])), null, 2)}\n`);
  writeFileSync(document, documentOf(readFileSync(template, 'utf8'), rows, notRun, known));
}
