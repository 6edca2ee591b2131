/** A service is kept running, with real processes. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quadrille/test-kit';
import { supervise } from './supervisor';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quadrille-supervisor-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a service that could not be started again is tried until it can', async () => {
  const [file, logs, aside] = ['service.cjs', 'logs', 'aside'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const started = join(folder, 'started');
  writeFileSync(file, 'process.exit(7);');
  const deaths: string[] = [];
  const service = supervise({ name: 'service', file, flags: [], env: {}, folder }, (why) => {
    deaths.push(why);
    // No log, no process.
    if (deaths.length === 1) {
      renameSync(logs, aside);
      writeFileSync(logs, '');
    } else if (deaths.length === 2) {
      rmSync(logs);
      renameSync(aside, logs);
      writeFileSync(
        file,
        `require('node:fs').writeFileSync(${JSON.stringify(started)}, ''); setInterval(() => 0, 1000);`,
      );
    }
  });
  await eventually(() => {
    expect(existsSync(started)).toBe(true);
  });
  expect(deaths).toEqual(['exit code 7', expect.stringMatching(/EEXIST|ENOTDIR/)]);
  expect(service.lastDeath()).toBe(deaths[1]);
  await service.stop();
  expect(service.pid()).toBeUndefined();
});
