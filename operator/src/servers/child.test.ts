import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOfLog, markLog, startProcess, waitUntilReady } from './child';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quadrille-child-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a server that ends while starting is quoted, without what an earlier run has left in its log', async () => {
  const [log, empty] = [join(folder, 'server.log'), join(folder, 'empty.log')];
  writeFileSync(log, 'an old error\n');
  const logs = [markLog(empty), markLog(log)];
  const command = { command: process.execPath, args: ['-e', 'console.error("the new error")'], env: {} };
  const server = startProcess(command, log, 'SIGTERM');
  await expect(
    waitUntilReady('It', server, logs, 60_000, async () => {
      await server.ended;
      return false;
    }),
  ).rejects.toThrow(new Error(`It ended while starting. The end of ${log}:\nthe new error`));
});

test('a log that was begun anew is quoted from its beginning; one with nothing new says so', () => {
  const file = join(folder, 'a.log');
  writeFileSync(file, 'long and of an earlier run\n');
  const log = markLog(file);
  expect(endOfLog(log)).toBe('(nothing was written to it)');
  writeFileSync(file, 'short\n');
  expect(endOfLog(log)).toBe('short');
  expect(endOfLog(markLog(join(folder, 'missing.log')))).toBe('(nothing was written to it)');
});

test('of an error with a long stack trace the message is quoted', () => {
  const log = markLog(join(folder, 'a.log'));
  const { stderr } = spawnSync(process.execPath, ['-e', 'JSON.parse("{")'], { encoding: 'utf8' });
  const frames = Array.from({ length: 10 }, (_, n) => `    at deeper (${String(n)}.js:1:1)\n`).join('');
  writeFileSync(log.file, stderr.replace(/^( +at )/m, `${frames}$1`));
  expect(endOfLog(log)).toMatch(/^SyntaxError: .*JSON/m);
  expect(endOfLog(log)).not.toContain('    at ');
});
