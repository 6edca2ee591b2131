/** The whole system for one test file: four real processes, a virtual host and databases of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import { createTestDatabase } from './database';
import { testServers } from './servers';
import { createTestVirtualHost, type TestVirtualHost } from './virtual-host';
import { openShop, type Shop } from '@quadrille/operator/src/demo/client';
import { choosePorts } from '@quadrille/operator/src/instance/ports';
import { verify, type Verdict, type VerifyAddresses, type VerifyOptions } from '@quadrille/operator/src/verify/verify';
import { serviceProcess, type ServiceProcess } from './service-process';

/** Ports of test systems begin here, below those that operating systems give to outgoing connections. */
const PORTS = { order: 22_001, inventory: 22_002, payment: 22_003, notification: 22_004 };

/** A running system. */
export interface TestSystem {
  readonly urls: Readonly<Record<ShortName, string>>;
  readonly services: Readonly<Record<ShortName, ServiceProcess>>;
  readonly databases: VerifyAddresses['databases'];
  readonly virtualHost: TestVirtualHost;
  readonly shop: Shop;
  /** Checks the seven invariants. */
  readonly verify: (options?: VerifyOptions) => Promise<Verdict>;
  /** Stops the services and removes what was created. */
  readonly stop: () => Promise<void>;
}

/** Environment variables for all services, besides the defaults of a system as it is shipped. */
export type Settings = Readonly<Record<string, string>>;

async function each<Value>(make: (name: ShortName) => Value | Promise<Value>): Promise<Record<ShortName, Value>> {
  const entries = await Promise.all(shortNames.map(async (name) => [name, await make(name)] as const));
  // One entry for each short name was just made; Object.fromEntries forgets the key type.
  return Object.fromEntries(entries) as Record<ShortName, Value>;
}

/**
 * Starts a system and resolves when all four services are ready. `route` returns the URL by which a service reaches its
 * database; the default is the database itself.
 */
export async function startTestSystem(
  settings: Settings = {},
  route: (service: ShortName, databaseUrl: string) => string | Promise<string> = (_, url) => url,
): Promise<TestSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'quadrille-system-'));
  const ports = await choosePorts(folder, PORTS);
  const virtualHost = await createTestVirtualHost(topology);
  const databases = await each((name) => createTestDatabase(services[name].table.name));
  const databaseUrls = await each((name) => route(name, databases[name].url));
  const processes = await each((short) => {
    const { name } = services[short].table;
    return serviceProcess({
      name,
      port: ports.of[short],
      logFile: join(folder, `${name}.log`),
      env: { DATABASE_URL: databaseUrls[short], RABBITMQ_URL: virtualHost.urlOf(name), ...settings },
    });
  });
  const urls = await each((name) => processes[name].url);
  const { url: management, user, password } = testServers().management;
  const addresses: VerifyAddresses = {
    databases: databaseUrls,
    amqp: virtualHost.adminUrl,
    management,
    credentials: { user, password },
  };
  const stop = async () => {
    await each((name) => {
      processes[name].thaw();
      return processes[name].stop();
    });
    await virtualHost.remove();
    await each((name) => databases[name].drop());
    ports.release();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await each((name) => processes[name].start());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls,
    services: processes,
    databases: addresses.databases,
    virtualHost,
    shop: openShop(urls),
    verify: (options) => verify(addresses, options),
    stop,
  };
}
