/** More processes of the product's services, with the environment of the running ones but ports of their own. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { choosePorts } from '@quadrille/operator/src/instance/ports';
import { rootFolder } from '@quadrille/operator/src/root';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import { serviceFlags } from '@quadrille/operator/src/start/node-flags';
import { supervise, type Supervised } from '@quadrille/operator/src/start/supervisor';
import type { Product } from './product';

/** Ports of the first further replicas; if taken, free ones above are used. */
const PORTS: Record<ShortName, number> = { order: 28_100, inventory: 28_200, payment: 28_300, notification: 28_400 };

const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;

/** Further replicas of every service. */
export interface Replicas {
  readonly orderUrls: readonly string[];
  readonly stop: () => Promise<void>;
}

/** Starts `count` more of each service; resolves when all are ready. */
export async function startReplicas(product: Product, count: number): Promise<Replicas> {
  const wanted = Array.from({ length: count }, (_, n) => n).flatMap((n) =>
    shortNames.map((name) => ({ name, n, key: `${name}-${String(n)}` })),
  );
  const usual = Object.fromEntries(wanted.map(({ name, n, key }) => [key, PORTS[name] + n]));
  const folder = join(product.folder, 'replicas');
  mkdirSync(folder, { recursive: true });
  const ports = await choosePorts(folder, usual);
  const flags = serviceFlags();
  const started = wanted.map(({ name, n, key }) => {
    const port = ports.of[key] ?? 0;
    const env = { ...environmentOf(product.service(name)), PORT: String(port) };
    const service = services[name].table.name;
    const file = join(rootFolder, 'dist', `${service}.js`);
    const supervised = supervise({ name: `${service}-${String(n + 2)}`, file, flags, env, folder }, () => undefined);
    return { name, supervised, url: `http://127.0.0.1:${String(port)}` };
  });
  const stop = async () => {
    await Promise.all(started.map(({ supervised }) => supervised.stop()));
    ports.release();
  };
  try {
    await Promise.all(started.map(({ supervised, url }) => untilReady(supervised, url)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { orderUrls: started.filter(({ name }) => name === 'order').map(({ url }) => url), stop };
}

/** The environment that a running service was started with. */
function environmentOf(service: Supervised): NodeJS.ProcessEnv {
  const text = readFileSync(`/proc/${String(service.pid())}/environ`, 'utf8');
  const entries = text.split('\0').filter((entry) => entry.includes('='));
  // The channel to the supervisor belongs to the first process.
  return Object.fromEntries(
    entries
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const)
      .filter(([name]) => !name.startsWith('NODE_CHANNEL')),
  );
}

async function untilReady(service: Supervised, url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    const why = service.lastDeath() ?? (performance.now() > deadline ? 'too late' : undefined);
    if (why !== undefined) throw new Error(`${service.name} does not become ready: ${why}`);
    await pause(POLL_MS);
  }
}
