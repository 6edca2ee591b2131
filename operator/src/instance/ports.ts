import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { takeLock, type Lock } from './lock';

/**
 * How far above the usual port a free one is searched for. Forty clones side by side are more than any machine carries.
 */
const SEARCH_RANGE = 400;

const Remembered = z.record(z.string(), z.int().min(1).max(65535));

/** Ports claimed for this process, by name, and their release. */
export interface Ports<Name extends string> {
  of: Record<Name, number>;
  release(): void;
}

/**
 * Chooses a free port of 127.0.0.1 for each name: the one used last time (remembered in `folder`), else the usual one,
 * else the next free one above it. Ports are claimed machine-wide until they are released, so two clones that start at
 * the same moment never choose the same.
 */
export async function choosePorts<Name extends string>(
  folder: string,
  usual: Record<Name, number>,
): Promise<Ports<Name>> {
  const file = join(folder, 'ports.json');
  const remembered = readRemembered(file);
  // Object.entries forgets the key type; the keys are exactly those of `usual`.
  const wanted = Object.entries(usual) as [Name, number][];
  const claims = new Map<number, () => void>();
  const chosen: Partial<Record<Name, number>> = {};
  const claim = async (name: Name, port: number): Promise<boolean> => {
    if (claims.has(port)) return false;
    const lock = claimMachineWide(port);
    if (!lock) return false;
    if (!(await isFree(port))) {
      lock.release();
      return false;
    }
    claims.set(port, () => {
      lock.release();
    });
    chosen[name] = port;
    return true;
  };
  for (const [name, port] of wanted) {
    if (!(await claim(name, remembered[name] ?? port))) await claim(name, port);
  }
  for (const [name, port] of wanted) {
    for (let next = port + 1; chosen[name] === undefined; next++) {
      if (next > port + SEARCH_RANGE)
        throw new Error(
          `No free port for ${name} between ${String(port)} and ${String(next)}: end what listens there.`,
        );
      await claim(name, next);
    }
  }
  writeFileSync(file, JSON.stringify(chosen, null, 2));
  // Every name has its port after the second loop; the type cannot show that.
  return {
    of: chosen as Record<Name, number>,
    release: () => {
      claims.forEach((release) => {
        release();
      });
    },
  };
}

function claimMachineWide(port: number): Lock | undefined {
  try {
    const lock = takeLock(join(tmpdir(), `quadrille-port-${String(port)}.lock`));
    return 'heldBy' in lock ? undefined : lock;
  } catch {
    return undefined; // a stale file of another user, which this user may not remove
  }
}

function readRemembered(file: string): Record<string, number | undefined> {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {}; // first start, or a damaged file: the usual ports are used
  }
}

// Listening without an address tries every interface, so it also fails when another process listens on one of them.
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen({ port, exclusive: true }, () =>
      probe.close(() => {
        resolve(true);
      }),
    );
  });
}
