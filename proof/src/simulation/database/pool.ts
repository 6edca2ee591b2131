/** The client's side: what the services use of `pg`'s Pool and PoolClient, over a database server in memory. */
import { EventEmitter } from 'node:events';
import type { Pool } from 'pg';
import type { Random } from '../engine/random';
import { world, type Owner, type Scheduler } from '../engine/scheduler';
import type { DatabaseServer } from './server';
import type { Session } from './session-context';
import type { Request, Result } from './statement';

/** A client that cannot get a connection within this time gives up (service-chassis/src/database/transaction.ts). */
const CONNECT_TIMEOUT_MS = 5_000;

/** One way between client and server, in milliseconds. */
const LATENCY_MS = { least: 0.1, most: 0.6 } as const;

/** What a pool is made of. */
export interface PoolOptions {
  readonly server: DatabaseServer;
  readonly owner: Owner;
  readonly size: number;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** A pool, and what becomes of its connections when its process dies. */
export interface SimulatedPool {
  readonly pool: Pool;
  /** Ends the server's side of every connection after a while. */
  abandon(afterMs: number): void;
}

type Query = string | { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] };

const lostError = () => new Error('Connection terminated unexpectedly');

interface Connection extends EventEmitter {
  query(query: Query, values?: readonly unknown[]): Promise<Result>;
  release(error?: Error | boolean): void;
  readonly isOpen: () => boolean;
  readonly leave: () => void;
  /** What is written in one turn travels together here anyway. */
  readonly connection: { readonly stream: { readonly cork: () => void; readonly uncork: () => void } };
}

/** Delivers in order, after a random while, what was sent in one turn. */
function createWire<Item>(
  { scheduler, random }: PoolOptions,
  owner: Owner,
  deliver: (items: readonly Item[]) => void,
): (item: Item) => void {
  let waiting: Item[] = [];
  let notBeforeMs = 0;
  return (item) => {
    waiting.push(item);
    if (waiting.length > 1) return;
    const atMs = Math.max(notBeforeMs, scheduler.now() + random.between(LATENCY_MS.least, LATENCY_MS.most));
    notBeforeMs = atMs;
    scheduler.after(atMs - scheduler.now(), owner, () => {
      const items = waiting;
      waiting = [];
      deliver(items);
    });
  };
}

function createConnection(options: PoolOptions, released: (connection: Connection) => void): Connection {
  const { scheduler, owner, server, random } = options;
  const inFlight = new Set<Request>();
  let open = true;
  const answers = createWire<() => void>(options, owner, (items) => {
    for (const answer of items) answer();
  });
  const session: Session = server.open({
    owner,
    connection: () => connection,
    answer: (request, outcome) => {
      answers(() => {
        if (!inFlight.delete(request)) return;
        if (outcome instanceof Error) request.reject(outcome);
        else request.resolve(outcome);
      });
    },
    lost: () => {
      answers(() => {
        if (!open) return;
        open = false;
        for (const request of inFlight) request.reject(lostError());
        inFlight.clear();
        connection.emit('error', lostError());
      });
    },
  });
  const requests = createWire<Request>(options, world, (items) => {
    session.receive(items);
  });
  const connection: Connection = Object.assign(new EventEmitter(), {
    query: (query: Query, values: readonly unknown[] = []) =>
      new Promise<Result>((resolve, reject) => {
        if (!owner.alive) return;
        if (!open) {
          reject(new Error('Client has encountered a connection error and is not queryable'));
          return;
        }
        const request = {
          name: typeof query === 'string' ? query : (query.name ?? query.text),
          values: typeof query === 'string' ? values : (query.values ?? values),
          resolve,
          reject,
        };
        inFlight.add(request);
        requests(request);
      }),
    release: (error?: Error | boolean) => {
      if (error) connection.leave();
      released(connection);
    },
    isOpen: () => open,
    connection: { stream: { cork: () => undefined, uncork: () => undefined } },
    leave: () => {
      if (!open) return;
      open = false;
      scheduler.after(random.between(LATENCY_MS.least, LATENCY_MS.most) + 1, world, session.end);
    },
  });
  return connection;
}

interface Waiting {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
}

/** The connections of a pool, and who waits for one. */
interface PoolState {
  readonly options: PoolOptions;
  readonly idle: Connection[];
  readonly all: Set<Connection>;
  readonly waiting: Waiting[];
  /** Connections that are being opened. */
  connecting: number;
}

/** Creates a pool of at most `size` connections; it connects when it is first asked. */
export function createPool(options: PoolOptions): SimulatedPool {
  const state: PoolState = { options, idle: [], all: new Set(), waiting: [], connecting: 0 };
  const pool = {
    connect: () => connect(state),
    query: async (query: Query, values?: readonly unknown[]) => {
      const connection = await connect(state);
      try {
        return await connection.query(query, values);
      } finally {
        connection.release();
      }
    },
  };
  return {
    // The services use connect() and query() of a pool; the conformance tests hold both implementations to the same
    // behaviour.
    pool: pool as unknown as Pool,
    abandon: (afterMs) => {
      for (const connection of state.all) options.scheduler.after(afterMs, world, connection.leave);
    },
  };
}

/** Resolves with a connection of one's own until it is released; rejects after CONNECT_TIMEOUT_MS. */
function connect(state: PoolState): Promise<Connection> {
  const { idle, waiting } = state;
  const { owner, scheduler } = state.options;
  return new Promise((resolve, reject) => {
    if (!owner.alive) return;
    const ready = idle.pop();
    if (ready) {
      resolve(ready);
      return;
    }
    const entry = { resolve, reject };
    waiting.push(entry);
    establish(state);
    scheduler.after(CONNECT_TIMEOUT_MS, owner, () => {
      const index = waiting.indexOf(entry);
      if (index < 0) return;
      waiting.splice(index, 1);
      reject(new Error('timeout exceeded when trying to connect'));
    });
  });
}

/** Opens one more connection, unless there are enough. */
function establish(state: PoolState): void {
  const { all, waiting } = state;
  const { scheduler, random, owner, server, size } = state.options;
  if (all.size + state.connecting >= size) return;
  state.connecting += 1;
  scheduler.after(2 * random.between(LATENCY_MS.least, LATENCY_MS.most), owner, () => {
    state.connecting -= 1;
    const next = waiting.shift();
    if (!server.isUp()) {
      next?.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }));
      if (waiting.length > 0) establish(state);
      return;
    }
    const connection = openConnection(state);
    if (next) next.resolve(connection);
    else state.idle.push(connection);
  });
}

function openConnection(state: PoolState): Connection {
  const connection = createConnection(state.options, (released) => {
    takeBack(state, released);
  });
  // As the pool does: a connection that is lost while it idles is replaced when the next one is needed.
  connection.on('error', () => {
    if (state.idle.includes(connection)) forget(state, connection);
  });
  state.all.add(connection);
  return connection;
}

/** A released connection goes to the one who waits longest, or idles; a lost one is replaced if somebody waits. */
function takeBack(state: PoolState, connection: Connection): void {
  const { waiting, idle } = state;
  if (!connection.isOpen()) {
    forget(state, connection);
    if (waiting.length > 0) establish(state);
    return;
  }
  const next = waiting.shift();
  if (next) next.resolve(connection);
  else idle.push(connection);
}

function forget({ all, idle }: PoolState, connection: Connection): void {
  all.delete(connection);
  const index = idle.indexOf(connection);
  if (index >= 0) idle.splice(index, 1);
}
