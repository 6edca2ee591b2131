/** Transactions in memory: committed rows, and what a transaction has written and no other sees yet. */
import type { Table } from './tables';

/**
 * A transaction as its statements see it. READ COMMITTED: it sees its own writes, and others' as soon as they are
 * committed.
 */
export interface Transaction {
  /** When it began, in milliseconds of virtual time: what now() returns. */
  readonly nowMs: number;
  get<Row extends object>(table: Table<Row>, key: string): Row | undefined;
  put<Row extends object>(table: Table<Row>, key: string, row: Row): void;
  remove<Row extends object>(table: Table<Row>, key: string): void;
  /** Takes a lock if no other holds it. Returns whether it holds it. */
  tryLock(lock: string): boolean;
}

type Writes = Map<string, object | undefined>;

/** The writes of one transaction. */
interface WriteSet {
  readonly get: <Row extends object>(table: Table<Row>, key: string) => Row | undefined;
  readonly set: <Row extends object>(table: Table<Row>, key: string, row: Row | undefined) => void;
  isEmpty(): boolean;
  /** Makes them everybody's. */
  readonly apply: () => void;
}

/** Creates an empty write set. */
function createWriteSet(): WriteSet {
  const written = new Map<Table<object>, Writes>();
  return {
    get: <Row extends object>(table: Table<Row>, key: string) => {
      // The map holds for each table rows of that very table.
      const own = written.get(table as unknown as Table<object>);
      return own?.has(key) === true ? (own.get(key) as Row | undefined) : table.rows.get(key);
    },
    set: <Row extends object>(table: Table<Row>, key: string, row: Row | undefined) => {
      const known = table as unknown as Table<object>;
      const own = written.get(known) ?? new Map<string, object | undefined>();
      written.set(known, own.set(key, row));
    },
    isEmpty: () => written.size === 0,
    apply: () => {
      for (const [table, rows] of written) {
        for (const [key, row] of rows) {
          const before = table.rows.get(key);
          if (row) table.rows.set(key, row);
          else table.rows.delete(key);
          for (const watch of table.watchers) watch(key, before, row);
        }
      }
    },
  };
}

/** A transaction as its session holds it. */
export interface OpenTransaction {
  readonly transaction: Transaction;
  /** Whether it was begun by BEGIN. */
  readonly explicit: boolean;
  /** A statement of it failed: only a rollback is possible. */
  aborted: boolean;
  hasWritten(): boolean;
  /** Makes its writes everybody's. */
  readonly apply: () => void;
}

/** Opens a transaction that begins at `nowMs`. */
export function openTransaction(explicit: boolean, nowMs: number, tryLock: Transaction['tryLock']): OpenTransaction {
  const writes = createWriteSet();
  return {
    transaction: {
      nowMs,
      get: writes.get,
      put: writes.set,
      remove: (table, key) => {
        writes.set(table, key, undefined);
      },
      tryLock,
    },
    explicit,
    aborted: false,
    hasWritten: () => !writes.isEmpty(),
    apply: writes.apply,
  };
}
