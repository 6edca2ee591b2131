import { execFileSync } from 'node:child_process';
import { rootFolder } from '@quadrille/operator/src/root';
import { documentOf } from './document';
import type { KeptResult, Row } from './row';
import { notRun, rows } from './rows';

const template = '# Faults\n\n<!-- summary -->\n\n<!-- tables -->\n\n<!-- not run -->\n';

const result = ({ number }: Row, changes: Partial<KeptResult> = {}): KeptResult => ({
  number,
  verdict: 'holds',
  seen: '4 deaths | 2 redelivered',
  recoveryMs: 1_234,
  absorbed: 2_000,
  orders: 100,
  cancelled: 20,
  parked: 0,
  tookMs: 20_000,
  commit: 'c1',
  ...changes,
});

test('the document is formatted as the check wants it, whatever is in its tables', () => {
  const text = documentOf(
    template,
    rows,
    notRun,
    rows.map((row) => result(row)),
  );
  const prettier = ['prettier', '--stdin-filepath', 'docs/failure-modes.md'];
  expect(execFileSync('npx', prettier, { cwd: rootFolder, input: text, encoding: 'utf8' })).toBe(text);
});

test('a row that was slow, broken or never run says so', () => {
  const [first, second, ...others] = rows;
  if (!first || !second) throw new Error('there are no rows');
  const text = documentOf(template, rows, notRun, [
    result(first, { recoveryMs: 45_000 }),
    result(second, { verdict: 'broken', recoveryMs: null, commit: 'c2' }),
  ]);
  expect(text).toMatch(/45\.0 s \(goal: \d+\.0 s\)/);
  expect(text).toContain('**broken**');
  expect(text).toContain('1 of the 2 faults that were run hold');
  expect(text).toContain(`Last run on commit c1; row ${String(second.number)} on c2.`);
  expect(text.match(/not run yet/g)).toHaveLength(others.length);
});

test('every row of the list is run, or says why not', () => {
  const numbers = [...rows, ...notRun].map(({ number }) => number).sort((a, b) => a - b);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toEqual(Array.from({ length: 55 }, (_, index) => index + 1));
});
