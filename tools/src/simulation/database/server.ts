/**
 * A database server in memory, at the level of the named statements that the services send: each is a small function on
 * tables. Around them are real transactions: statements of one connection run one after the other, locks make others
 * wait, a failed statement aborts its transaction (and turns the COMMIT behind it into a rollback), a connection that
 * ends rolls back, and a COMMIT may fail, or happen without anybody hearing of it. One file, though a long one: the states of
 * a transaction are of one piece.
 */
import { world, type Owner, type Scheduler } from '../scheduler';
import { createLocks, type Holder } from './locks';
import { createWriteSet, type Transaction, type WriteSet } from './tables';

/** What a statement answers. */
export interface Result {
  readonly rows: readonly object[];
  readonly rowCount: number;
}

/** What the services ask by name. */
export interface Statement {
  /** The locks that it takes one after the other before it runs, each waited for. */
  readonly locks?: (values: readonly unknown[]) => readonly string[];
  readonly run: (values: readonly unknown[], transaction: Transaction) => Result;
}

/** Statements by name. */
export type Statements = Readonly<Record<string, Statement>>;

/** How a COMMIT may end other than well. */
export type CommitFault = 'fails' | 'lost before' | 'lost after';

/** What may go wrong with statements. */
export interface DatabaseFaults {
  /** Asked when a COMMIT arrives that has something to commit. */
  commit(client: Owner): CommitFault | undefined;
  /** Asked when any other statement arrives: whether the connection is lost instead of running it. */
  statement(client: Owner): boolean;
}

/** A request as it travels. */
export interface Request {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** The server's end of a connection. */
export interface Session {
  /** Brings requests to the server, in order. */
  readonly receive: (requests: readonly Request[]) => void;
  /** The client is gone, or the connection was cut: what is open is rolled back. */
  readonly end: () => void;
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

/** A database server with one database. */
export interface DatabaseServer {
  /** Whether it accepts connections. */
  isUp(): boolean;
  open(client: Client): Session;
  /** Goes down: every connection is lost, what was committed stays. */
  stop(): void;
  start(): void;
  /** Answers nobody until it is thawed. */
  freeze(frozen: boolean): void;
  /** Told of every statement that ran: for the history. */
  readonly statistics: { lockWaits: number; lockTimeouts: number; deadlocks: number; commits: number };
}

/** What a server is made of. */
export interface DatabaseServerOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly statements: Statements;
  readonly faults: DatabaseFaults;
  readonly record: (line: string) => void;
  /** Told of every explicit transaction that was committed on a connection. */
  readonly committed: (connection: object) => void;
}

/** The limits that the services set on their connections (service-chassis/src/database.ts), and PostgreSQL's own patience before it looks for a deadlock. */
const LOCK_TIMEOUT_MS = 5_000;
const DEADLOCK_TIMEOUT_MS = 1_000;

/** An error with an SQLSTATE, as `pg` gives it. */
export const sqlError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const DONE: Result = { rows: [], rowCount: 0 };

interface Open {
  readonly transaction: Transaction;
  readonly writes: WriteSet;
  readonly explicit: boolean;
  aborted: boolean;
  wrote: boolean;
}

/** Creates a running server. */
export function createDatabaseServer(options: DatabaseServerOptions): DatabaseServer {
  const { scheduler, statements, faults, record, name: database } = options;
  const locks = createLocks();
  const sessions = new Set<Session & { resume(): void; cut(): void }>();
  const statistics = { lockWaits: 0, lockTimeouts: 0, deadlocks: 0, commits: 0 };
  let up = true;
  let frozen = false;

  const open = (client: Client): Session => {
    const queue: Request[] = [];
    let current: Open | undefined;
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

    const begin = (explicit: boolean): Open => {
      const writes = createWriteSet();
      const opened: Open = { transaction: undefined as never, writes, explicit, aborted: false, wrote: false };
      const transaction: Transaction = {
        nowMs: scheduler.now(),
        get: (table, key) => writes.get(table, key),
        put: (table, key, row) => {
          opened.wrote = true;
          writes.set(table, key, row);
        },
        remove: (table, key) => {
          opened.wrote = true;
          writes.set(table, key, undefined);
        },
        tryLock: (lock) => locks.tryAcquire(holder, lock),
      };
      return Object.assign(opened, { transaction });
    };

    const finish = (commit: boolean) => {
      if (commit) {
        statistics.commits += 1;
        current?.writes.apply();
        if (current?.explicit === true) options.committed(client.connection());
      }
      current = undefined;
      locks.release(holder);
    };

    const end = () => {
      if (!alive) return;
      alive = false;
      sessions.delete(session);
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
      const fault = current?.wrote === true && !current.aborted ? faults.commit(client.owner) : undefined;
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
        current = begin(true);
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
        current ??= begin(false);
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
      for (let first = queue[0]; alive && !frozen && first; first = queue[0]) if (!runFirst(first)) return;
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
    sessions.add(session);
    return session;
  };

  return {
    isUp: () => up,
    open,
    stop: () => {
      up = false;
      for (const session of [...sessions]) session.cut();
    },
    start: () => {
      up = true;
    },
    freeze: (on) => {
      frozen = on;
      if (!on) for (const session of [...sessions]) session.resume();
    },
    statistics,
  };
}
