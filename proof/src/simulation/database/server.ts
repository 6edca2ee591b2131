/**
 * A database server in memory, at the level of the named statements that the services send: each is a small function on
 * tables. Around them are real transactions: statements of one connection run one after the other, locks make others
 * wait, and a COMMIT may fail, or happen and its answer be lost.
 */
import { createLocks } from './locks';
import { openSession } from './session';
import type { Client, DatabaseServerOptions, ServerSession, Session, Statistics } from './session-context';

/** A database server with one database. */
export interface DatabaseServer {
  /** Whether it accepts connections. */
  isUp(): boolean;
  open(client: Client): Session;
  /** Goes down: every connection is lost, what was committed stays. */
  stop(): void;
  start(): void;
  /** Answers no request until it is thawed. */
  freeze(frozen: boolean): void;
  readonly statistics: Readonly<Statistics>;
}

/** Creates a running server. */
export function createDatabaseServer(options: DatabaseServerOptions): DatabaseServer {
  const sessions = new Set<ServerSession>();
  const statistics: Statistics = { lockWaits: 0, lockTimeouts: 0, deadlocks: 0, commits: 0 };
  let up = true;
  let frozen = false;
  const context = {
    ...options,
    locks: createLocks(),
    statistics,
    isFrozen: () => frozen,
    ended: (session: ServerSession) => void sessions.delete(session),
  };

  return {
    isUp: () => up,
    open: (client) => {
      const session = openSession(context, client);
      sessions.add(session);
      return session;
    },
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
