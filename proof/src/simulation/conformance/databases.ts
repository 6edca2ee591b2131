/** The two databases that the conformance tests are run on: PostgreSQL, and the simulation's database. */
import { openPool, type Pool } from '@quadrille/service-chassis';
import { createTestDatabase, eventually, startTcpProxy } from '@quadrille/test-kit';
import { services, type ShortName } from '@quadrille/operator/src/services';
import { createPool } from '../database/pool';
import { createDatabaseServer } from '../database/server';
import type { CommitFault } from '../database/session-context';
import { createTables, statementsOf } from '../world/databases';
import { createRandom } from '../engine/random';
import { createScheduler, type Owner } from '../engine/scheduler';
import { runInRealTime } from './real-time';

/** A database of one test. */
export interface DatabaseUnderTest {
  readonly pool: Pool;
  /** The same database over a network that can be lost. */
  readonly far: Pool;
  /**
   * The connection of the transaction that commits next is lost: before its COMMIT arrives, or after it has happened,
   * which
   * `happened` finds out, and before its answer comes. Called when nothing but the COMMIT is left to be sent.
   */
  loseCommit(when: 'before' | 'after', happened: () => Promise<boolean>): void;
  close(): Promise<void>;
}

/** Connections of each pool. */
const POOL_SIZE = 5;

/**
 * How long the COMMIT and its answer are under way each: long enough for another connection to see that it has
 * happened.
 */
const LATENCY_MS = 1_000;

async function openPostgres(service: ShortName): Promise<DatabaseUnderTest> {
  const database = await createTestDatabase(services[service].table.name);
  const proxy = await startTcpProxy(database.url);
  const open = (url: string) => openPool(url, POOL_SIZE, 'laws', () => undefined);
  const [pool, far] = [open(database.url), open(proxy.through(database.url))];
  let losing: Promise<void> | undefined;
  return {
    pool,
    far,
    loseCommit: (when, happened) => {
      proxy.slow({ latencyMs: LATENCY_MS, jitterMs: 0, sliceBytes: Number.POSITIVE_INFINITY });
      losing = (async () => {
        if (when === 'after')
          await eventually(async () => {
            expect(await happened()).toBe(true);
          });
        // One turn later the COMMIT has been sent, and is under way for a long time.
        else await new Promise(setImmediate);
        await proxy.cut();
        await proxy.resume();
      })();
    },
    close: async () => {
      await losing;
      await Promise.all([pool.end(), far.end()]);
      await proxy.close();
      await database.drop();
    },
  };
}

function openSimulation(service: ShortName): Promise<DatabaseUnderTest> {
  const scheduler = createScheduler();
  const owner: Owner = { name: 'laws', alive: true };
  let fault: CommitFault | undefined;
  const commit = () => {
    const struck = fault;
    fault = undefined;
    return struck;
  };
  const server = createDatabaseServer({
    name: service,
    scheduler,
    statements: statementsOf(createTables(1_000))[service],
    faults: { commit, statement: () => false },
    record: () => undefined,
    ends: () => undefined,
  });
  const { pool } = createPool({ server, owner, size: POOL_SIZE, scheduler, random: createRandom('laws') });
  return Promise.resolve({
    pool,
    far: pool,
    loseCommit: (when) => {
      fault = `lost ${when}`;
    },
    close: runInRealTime(scheduler),
  });
}

/** By name, how to open each. */
export const databasesUnderTest: Readonly<Record<string, (service: ShortName) => Promise<DatabaseUnderTest>>> = {
  PostgreSQL: openPostgres,
  'the simulation': openSimulation,
};

/** Returns how a test opens a database of this name; it is closed after the test. */
export function databasePerTest(name: string): (service: ShortName) => Promise<DatabaseUnderTest> {
  let opened: DatabaseUnderTest | undefined;
  afterEach(() => opened?.close());
  return async (service) => {
    const database = await (databasesUnderTest[name]?.(service) ?? Promise.reject(new Error(name)));
    opened = database;
    return database;
  };
}
