import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHolder, takeLock } from './lock';
import { choosePorts } from './ports';
import { endProcesses, findProcesses, processMarker, processStart } from './processes';
import { openSecrets } from './secrets';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quadrille-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  // A server that listens on TCP returns an object.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a lock is held by one, named to the other, and free again', () => {
  const file = join(folder, 'lock');
  const lock = takeLock(file);
  expect(takeLock(file)).toEqual({ heldBy: process.pid });
  if ('release' in lock) lock.release();
  expect(lockHolder(file)).toBeUndefined();
});

test('a lock whose process died, or whose number another process has now, counts for nothing', () => {
  const file = join(folder, 'lock');
  writeFileSync(file, '999999999 1\n');
  expect(lockHolder(file)).toBeUndefined();
  writeFileSync(file, `${String(process.pid)} 1\n`);
  expect(lockHolder(file)).toBeUndefined();
  expect(takeLock(file)).toHaveProperty('release');
});

test('ports: the usual where free, the next free one where not, the same again afterwards', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  // A server that listens on TCP returns an object.
  const { port } = taken.address() as AddressInfo;
  const usual = await freePort();
  const ports = await choosePorts(folder, { busy: port, calm: usual });
  expect(ports.of.busy).toBeGreaterThan(port);
  expect(ports.of.calm).toBe(usual);
  const beside = await choosePorts(mkdtempSync(join(folder, 'other-')), { calm: usual });
  expect(beside.of.calm).not.toBe(usual);
  beside.release();
  ports.release();
  taken.close();
  const again = await choosePorts(folder, { busy: port, calm: usual });
  expect(again.of).toEqual(ports.of);
  again.release();
});

test('passwords stay, and only their owner may read them', () => {
  const password = openSecrets(folder)('postgres');
  expect(openSecrets(folder)('postgres')).toBe(password);
  expect(openSecrets(folder)('rabbitmq')).not.toBe(password);
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('a process is found by its mark and ended, by force if it will not', async () => {
  const mark = processMarker(folder);
  const script = "process.on('SIGTERM', () => undefined); console.log('up'); setInterval(() => undefined, 1000)";
  const child = spawn(process.execPath, ['-e', script, mark], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  expect(findProcesses(mark)).toEqual([child.pid]);
  await endProcesses(findProcesses(mark), 'SIGTERM', 100);
  expect(findProcesses(mark)).toEqual([]);
  expect(processStart(child.pid ?? 0)).toBeUndefined();
});
