/**
 * The server's end of a connection: requests run one after the other, each waits for its locks, a failed one aborts its
 * transaction (and turns the COMMIT behind it into a rollback), and a connection that ends rolls back. The states of a
 * transaction are of one piece.
 */
import { LOCK_TIMEOUT_MS } from '@quadrille/service-chassis/src/database/pool';
import { world, type Owner, type Scheduler } from '../engine/scheduler';
import type { Holder, Locks } from './locks';
import { sqlError, type Request, type Result, type Statement, type Statements } from './statement';
import { openTransaction, type OpenTransaction } from './transaction';

/** How a COMMIT may end other than well. */
export type CommitFault = 'fails' | 'lost before' | 'lost after';

/** What may go wrong with statements. */
export interface DatabaseFaults {
  /** Asked when a COMMIT arrives that has something to commit. */
  commit(client: Owner): CommitFault | undefined;
  /** Asked when any other statement arrives: whether the connection is lost instead of running it. */
  statement(client: Owner): boolean;
}

/** A session, as its client sees it. */
export interface Session {
  /** Brings requests to the server, in order. */
  readonly receive: (requests: readonly Request[]) => void;
  /** The client is gone, or the connection was cut: what is open is rolled back. */
  readonly end: () => void;
}

/** A session, as the server sees it. */
export interface ServerSession extends Session {
  /** Goes on with what waits. */
  readonly resume: () => void;
  /** Ends it, and tells the client that the connection is lost. */
  readonly cut: () => void;
}

/** What a session tells its client. */
export interface Client {
  readonly owner: Owner;
  /** The client's connection, as the service holds it. */
  readonly connection: () => object;
  readonly answer: (request: Request, outcome: Result | Error) => void;
  /** The connection is lost. */
  readonly lost: () => void;
}

/** What happened so far. */
export interface Statistics {
  lockWaits: number;
  lockTimeouts: number;
  deadlocks: number;
  commits: number;
}

/** What a server is made of. */
export interface DatabaseServerOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly statements: Statements;
  readonly faults: DatabaseFaults;
  readonly record: (line: string) => void;
  /** Told how every explicit transaction on a connection ends. */
  readonly ends: (connection: object, committed: boolean) => void;
}

/** What the sessions of a server share. */
export interface SessionContext extends DatabaseServerOptions {
  readonly locks: Locks;
  readonly statistics: Statistics;
  readonly isFrozen: () => boolean;
  readonly ended: (session: ServerSession) => void;
}

/** PostgreSQL's own patience before it looks for a deadlock. */
const DEADLOCK_TIMEOUT_MS = 1_000;

const DONE: Result = { rows: [], rowCount: 0 };

/** Opens a session. */
export function openSession(context: SessionContext, client: Client): ServerSession {
  const { name: database, scheduler, statements, faults, record, locks, statistics } = context;
  const queue: Request[] = [];
  let current: OpenTransaction | undefined;
  let alive = true;
  /** The locks that the first request of the queue still needs; undefined when it has not begun. */
  let needed: string[] | undefined;

  const holder: Holder = {
    waitsFor: undefined,
    held: [],
    granted: () => {
      if (alive) run();
    },
  };

  const tryLock = (lock: string) => locks.tryAcquire(holder, lock);

  const finish = (commit: boolean) => {
    if (commit) {
      statistics.commits += 1;
      current?.apply();
    }
    if (current?.explicit === true) context.ends(client.connection(), commit);
    current = undefined;
    locks.release(holder);
  };

  const end = () => {
    if (!alive) return;
    alive = false;
    context.ended(session);
    queue.length = 0;
    current = undefined;
    locks.release(holder);
  };
  const cut = () => {
    if (!alive) return;
    end();
    client.lost();
  };

  /** Answers how the COMMIT ends; the connection may be gone afterwards. */
  const commit = (request: Request) => {
    const fault = current?.hasWritten() === true && !current.aborted ? faults.commit(client.owner) : undefined;
    record(`${database} ${client.owner.name} commit${fault ? ` ${fault}` : ''}`);
    if (!alive) return;
    switch (fault) {
      case 'lost before':
        cut();
        return;
      case 'lost after':
        finish(true);
        cut();
        return;
      case 'fails':
        finish(false);
        client.answer(request, sqlError('40001', 'could not serialize access due to concurrent update'));
        return;
      case undefined:
        finish(current?.aborted === false);
        client.answer(request, DONE);
    }
  };

  const fail = (error: Error) => {
    const request = queue.shift();
    needed = undefined;
    if (current?.explicit === true) current.aborted = true;
    else finish(false);
    if (request) client.answer(request, error);
  };

  /** Takes the locks that are still needed; answers false when it has to wait. */
  const lock = (): boolean => {
    while (needed && needed.length > 0) {
      const next = needed.pop() ?? '';
      if (locks.acquire(holder, next)) continue;
      statistics.lockWaits += 1;
      waitAtMost(next);
      return false;
    }
    return true;
  };

  const waitAtMost = (awaited: string) => {
    const request = queue[0];
    const isWaiting = () => alive && queue[0] === request && holder.waitsFor === awaited;
    scheduler.after(DEADLOCK_TIMEOUT_MS, world, () => {
      if (!isWaiting() || !locks.isDeadlocked(holder)) return;
      statistics.deadlocks += 1;
      locks.giveUp(holder);
      fail(sqlError('40P01', 'deadlock detected'));
      run();
    });
    scheduler.after(LOCK_TIMEOUT_MS, world, () => {
      if (!isWaiting()) return;
      statistics.lockTimeouts += 1;
      locks.giveUp(holder);
      fail(sqlError('55P03', 'canceling statement due to lock timeout'));
      run();
    });
  };

  /** Runs the first request of the queue; answers false when it has to wait. */
  const runFirst = (request: Request): boolean => {
    const { name, values } = request;
    if (name === 'BEGIN') {
      current = openTransaction(true, scheduler.now(), tryLock);
      queue.shift();
      client.answer(request, DONE);
      return true;
    }
    if (name === 'COMMIT') {
      queue.shift();
      commit(request);
      return true;
    }
    if (name === 'ROLLBACK') {
      queue.shift();
      finish(false);
      client.answer(request, DONE);
      return true;
    }
    if (current?.aborted === true) {
      queue.shift();
      client.answer(
        request,
        sqlError('25P02', 'current transaction is aborted, commands ignored until end of transaction block'),
      );
      return true;
    }
    const statement = statements[name];
    if (!statement) throw new Error(`the simulated database does not know the statement ${name}`);
    if (!needed) {
      if (faults.statement(client.owner)) {
        record(`${database} ${client.owner.name} ${name} lost`);
        cut();
        return false;
      }
      if (!alive) return false;
      current ??= openTransaction(false, scheduler.now(), tryLock);
      needed = [...(statement.locks?.(values) ?? [])].reverse();
    }
    if (!lock()) return false;
    return execute(request, statement);
  };

  const execute = (request: Request, statement: Statement): boolean => {
    const opened = current;
    if (!opened) return false;
    try {
      const result = statement.run(request.values, opened.transaction);
      record(`${database} ${client.owner.name} ${request.name} ${String(result.rowCount)}`);
      queue.shift();
      needed = undefined;
      if (!opened.explicit) finish(true);
      client.answer(request, result);
    } catch (error) {
      // What a statement throws on purpose has an SQLSTATE; anything else is a mistake of the simulation.
      if (!(error instanceof Error && 'code' in error)) throw error;
      fail(error);
    }
    return true;
  };

  const run = () => {
    // Who waits for a lock goes on when it is given, and not because the server thaws.
    if (holder.waitsFor !== undefined) return;
    for (let first = queue[0]; alive && !context.isFrozen() && first; first = queue[0]) if (!runFirst(first)) return;
  };

  const session = {
    receive: (requests: readonly Request[]) => {
      if (!alive) return;
      const idle = queue.length === 0;
      queue.push(...requests);
      if (idle) run();
    },
    end,
    cut,
    resume: run,
  };
  return session;
}
