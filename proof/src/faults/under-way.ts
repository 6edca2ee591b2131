/** What is under way in the databases of the system under fault, and when nothing is any more. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { shortNames, type ShortName } from '@quadrille/operator/src/services';

/** Pause between two looks at what is under way. */
const REST_LOOK_MS = 200;

/** Makes one value for each service. */
export const record = <Value>(make: (name: ShortName) => Value): Record<ShortName, Value> =>
  // One entry for each short name; Object.fromEntries forgets the key type.
  Object.fromEntries(shortNames.map((name) => [name, make(name)])) as Record<ShortName, Value>;

/** Orders, reservations, payments and messages that are not settled yet, in each database. */
const UNDER_WAY: Record<ShortName, string> = {
  order: 'SELECT (SELECT count(*) FROM orders WHERE NOT settled) + (SELECT count(*) FROM outbox) AS n',
  inventory: "SELECT (SELECT count(*) FROM reservation WHERE status = 'RESERVED') + (SELECT count(*) FROM outbox) AS n",
  payment: `SELECT (SELECT count(*) FROM payments WHERE status IN ('CHARGING', 'RETRY_WAIT', 'RESOLVING', 'REFUND_PENDING'))
    + (SELECT count(*) FROM outbox) AS n`,
  notification: 'SELECT count(*) AS n FROM outbox',
};

/** Pools of connections, one to each database. */
export type Pools = Readonly<Record<ShortName, Pool>>;

/** A few connections to each database, for looking into it. */
export const openPools = (urls: Readonly<Record<ShortName, string>>): Pools =>
  record((name) => {
    const pool = new Pool({ connectionString: urls[name], max: 2, application_name: 'quadrille-faults' });
    pool.on('error', () => undefined); // the next query connects again
    return pool;
  });

/** What is under way in each database; undefined when nothing is. */
async function underWay(pools: Pools): Promise<string | undefined> {
  const busy: string[] = [];
  for (const name of shortNames) {
    const count = (await pools[name].query<{ n: string }>(UNDER_WAY[name])).rows[0]?.n ?? '0';
    if (count !== '0') busy.push(`${count} in ${name}`);
  }
  return busy.length === 0 ? undefined : busy.join(', ');
}

/** Resolves when nothing is under way any more; after `withinMs` with what still is. */
export async function rest(pools: Pools, withinMs: number): Promise<string | undefined> {
  const end = performance.now() + withinMs;
  for (;;) {
    const busy = await underWay(pools);
    if (busy === undefined || performance.now() > end) return busy;
    await pause(REST_LOOK_MS);
  }
}
