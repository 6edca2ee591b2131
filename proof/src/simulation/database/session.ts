/**
 * The server's end of a connection: requests run one after the other, each waits for its locks, a failed one aborts its
 * transaction (and turns the COMMIT behind it into a rollback), and a connection that ends rolls back.
 */
import { LOCK_TIMEOUT_MS } from '@quadrille/service-chassis/src/database/pool';
import { world } from '../engine/scheduler';
import type { Holder } from './locks';
import type { Client, ServerSession, SessionContext } from './session-context';
import { sqlError, type Request, type Result, type Statement } from './statement';
import { openTransaction, type OpenTransaction } from './transaction';

/** PostgreSQL looks for a deadlock after this time of waiting. */
const DEADLOCK_TIMEOUT_MS = 1_000;

const DONE: Result = { rows: [], rowCount: 0 };

/** The state of a session: what every step of it reads and changes. */
interface State {
  readonly context: SessionContext;
  readonly client: Client;
  /** Requests that are not answered yet; the first one is being run. */
  readonly queue: Request[];
  readonly holder: Holder;
  current: OpenTransaction | undefined;
  alive: boolean;
  /** The locks that the first request of the queue still needs; undefined when it has not begun. */
  needed: string[] | undefined;
  /** Tells the server that the session has ended. */
  readonly ended: () => void;
}

/** Opens a session. */
export function openSession(context: SessionContext, client: Client): ServerSession {
  const state: State = {
    context,
    client,
    queue: [],
    holder: {
      waitsFor: undefined,
      held: [],
      granted: () => {
        if (state.alive) run(state);
      },
    },
    current: undefined,
    alive: true,
    needed: undefined,
    ended: () => {
      context.ended(session);
    },
  };
  const session: ServerSession = {
    receive: (requests) => {
      if (!state.alive) return;
      const idle = state.queue.length === 0;
      state.queue.push(...requests);
      if (idle) run(state);
    },
    end: () => {
      end(state);
    },
    cut: () => {
      cut(state);
    },
    resume: () => {
      run(state);
    },
  };
  return session;
}

/** Runs the requests of the queue until one has to wait. */
function run(state: State): void {
  const { holder, queue, context } = state;
  // Who waits for a lock goes on when it is given, and not because the server thaws.
  if (holder.waitsFor !== undefined) return;
  for (let first = queue[0]; state.alive && !context.isFrozen() && first; first = queue[0])
    if (!runFirst(state, first)) return;
}

/** Runs the first request of the queue. Returns false when it has to wait. */
function runFirst(state: State, request: Request): boolean {
  const { queue, client, context } = state;
  switch (request.name) {
    case 'BEGIN':
      state.current = begin(state, true);
      queue.shift();
      client.answer(request, DONE);
      return true;
    case 'COMMIT':
      queue.shift();
      commit(state, request);
      return true;
    case 'ROLLBACK':
      queue.shift();
      finish(state, false);
      client.answer(request, DONE);
      return true;
  }
  if (state.current?.aborted === true) {
    queue.shift();
    client.answer(
      request,
      sqlError('25P02', 'current transaction is aborted, commands ignored until end of transaction block'),
    );
    return true;
  }
  const statement = context.statements[request.name];
  if (!statement) throw new Error(`the simulated database does not know the statement ${request.name}`);
  return prepare(state, request, statement) && lock(state) && execute(state, request, statement);
}

const begin = ({ context, holder }: State, explicit: boolean): OpenTransaction =>
  openTransaction(explicit, context.scheduler.now(), (name) => context.locks.tryAcquire(holder, name));

/** Begins a statement, unless it has begun. Returns false when its connection is lost instead. */
function prepare(state: State, { name, values }: Request, statement: Statement): boolean {
  if (state.needed) return true;
  const { context, client } = state;
  if (context.faults.statement(client.owner)) {
    context.record(`${context.name} ${client.owner.name} ${name} lost`);
    cut(state);
    return false;
  }
  if (!state.alive) return false;
  state.current ??= begin(state, false);
  state.needed = [...(statement.locks?.(values) ?? [])].reverse();
  return true;
}

/** Takes the locks that are still needed. Returns false when it has to wait. */
function lock(state: State): boolean {
  const { context, holder } = state;
  while (state.needed && state.needed.length > 0) {
    const next = state.needed.pop() ?? '';
    if (context.locks.acquire(holder, next)) continue;
    context.statistics.lockWaits += 1;
    waitAtMost(state, next);
    return false;
  }
  return true;
}

/** Ends the wait for a lock: at a deadlock, or when it has lasted too long. */
function waitAtMost(state: State, awaited: string): void {
  const { context, holder, queue } = state;
  const { scheduler, statistics, locks } = context;
  const request = queue[0];
  const isWaiting = () => state.alive && queue[0] === request && holder.waitsFor === awaited;
  const giveUp = (error: Error) => {
    locks.giveUp(holder);
    fail(state, error);
    run(state);
  };
  scheduler.after(DEADLOCK_TIMEOUT_MS, world, () => {
    if (!isWaiting() || !locks.isDeadlocked(holder)) return;
    statistics.deadlocks += 1;
    giveUp(sqlError('40P01', 'deadlock detected'));
  });
  scheduler.after(LOCK_TIMEOUT_MS, world, () => {
    if (!isWaiting()) return;
    statistics.lockTimeouts += 1;
    giveUp(sqlError('55P03', 'canceling statement due to lock timeout'));
  });
}

/** Runs a statement that has its locks. Returns false when the session ended meanwhile. */
function execute(state: State, request: Request, statement: Statement): boolean {
  const { current, context, client } = state;
  if (!current) return false;
  try {
    const result = statement.run(request.values, current.transaction);
    context.record(`${context.name} ${client.owner.name} ${request.name} ${String(result.rowCount)}`);
    state.queue.shift();
    state.needed = undefined;
    if (!current.explicit) finish(state, true);
    client.answer(request, result);
  } catch (error) {
    // What a statement throws on purpose has an SQLSTATE; anything else is a mistake of the simulation.
    if (!(error instanceof Error && 'code' in error)) throw error;
    fail(state, error);
  }
  return true;
}

/** Answers the first request with an error, and aborts its transaction. */
function fail(state: State, error: Error): void {
  const request = state.queue.shift();
  state.needed = undefined;
  if (state.current?.explicit === true) state.current.aborted = true;
  else finish(state, false);
  if (request) state.client.answer(request, error);
}

/** Runs a COMMIT, which may end otherwise; the connection may be gone afterwards. */
function commit(state: State, request: Request): void {
  const { current, context, client } = state;
  const fault = current?.hasWritten() === true && !current.aborted ? context.faults.commit(client.owner) : undefined;
  context.record(`${context.name} ${client.owner.name} commit${fault ? ` ${fault}` : ''}`);
  if (!state.alive) return;
  switch (fault) {
    case 'lost before':
      cut(state);
      return;
    case 'lost after':
      finish(state, true);
      cut(state);
      return;
    case 'fails':
      finish(state, false);
      client.answer(request, sqlError('40001', 'could not serialize access due to concurrent update'));
      return;
    case undefined:
      finish(state, current?.aborted === false);
      client.answer(request, DONE);
  }
}

/** Ends the transaction that is open, and gives its locks back. */
function finish(state: State, committed: boolean): void {
  const { context, client, holder, current } = state;
  if (committed) {
    context.statistics.commits += 1;
    current?.apply();
  }
  if (current?.explicit === true) context.ends(client.connection(), committed);
  state.current = undefined;
  context.locks.release(holder);
}

function end(state: State): void {
  if (!state.alive) return;
  state.alive = false;
  state.ended();
  state.queue.length = 0;
  state.current = undefined;
  state.context.locks.release(state.holder);
}

function cut(state: State): void {
  if (!state.alive) return;
  end(state);
  state.client.lost();
}
