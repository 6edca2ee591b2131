/** Tables in memory: committed rows, and indexes on them. */
import { createHeap } from '../engine/heap';

/** A table; rows are never changed in place. */
export interface Table<Row extends object> {
  readonly name: string;
  /** Committed rows by primary key. */
  readonly rows: Map<string, Row>;
  /** Told of every row that was committed. */
  readonly watchers: ((key: string, before: Row | undefined, after: Row | undefined) => void)[];
}

/** Creates an empty table. */
export const createTable = <Row extends object>(name: string): Table<Row> => ({ name, rows: new Map(), watchers: [] });

/** Keys in the order of a moment that their rows name, as an index on a column of times. */
export interface DueIndex<Row> {
  /** At most `limit` rows whose moment is not after `nowMs`, the earliest first. */
  due(nowMs: number, limit: number): Row[];
  /** How many rows name a moment. */
  size(): number;
}

interface Entry {
  readonly atMs: number;
  readonly key: string;
}

const isBefore = (a: Entry, b: Entry) => a.atMs < b.atMs || (a.atMs === b.atMs && a.key < b.key);

/**
 * Keeps an index over a table's committed rows; null means no moment. Entries of rows that have changed since are
 * dropped when they are met.
 */
export function indexByDue<Row extends object>(table: Table<Row>, dueOf: (row: Row) => number | null): DueIndex<Row> {
  const heap = createHeap(isBefore);
  let size = 0;
  table.watchers.push((key, before, after) => {
    const was = before ? dueOf(before) : null;
    const is = after ? dueOf(after) : null;
    if (is !== null && is !== was) heap.push({ atMs: is, key });
    size += (is === null ? 0 : 1) - (was === null ? 0 : 1);
  });
  return {
    due: (nowMs, limit) => {
      const found: Entry[] = [];
      const rows: Row[] = [];
      const seen = new Set<string>();
      while (rows.length < limit) {
        const first = heap.first();
        if (!first || first.atMs > nowMs) break;
        heap.pop();
        const row = table.rows.get(first.key);
        if (!row || dueOf(row) !== first.atMs || seen.has(first.key)) continue;
        seen.add(first.key);
        found.push(first);
        rows.push(row);
      }
      found.forEach(heap.push);
      return rows;
    },
    size: () => size,
  };
}
