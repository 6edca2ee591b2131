/** What a session of the database server in memory is, to its client and to its server, and what it is made of. */
import type { Owner, Scheduler } from '../engine/scheduler';
import type { Locks } from './locks';
import type { Request, Result, Statements } from './statement';

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
