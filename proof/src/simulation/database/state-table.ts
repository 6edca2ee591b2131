/**
 * The table of a service's states in memory, and the statements of its store on it: load by key, save as an upsert,
 * find what is overdue. What is written was decided before, moments as distances from now(); lists of columns say the
 * rest.
 */
import type { Result, Statement } from './statement';
import { createTable, indexByDue, type DueIndex, type Table } from './tables';
import { list, number, records, rowsOf, toColumn, written } from './values';

/** The moments of what a store sends, in milliseconds from now. */
interface SentMoments {
  readonly moved_in_ms?: number;
  readonly deadline_in_ms?: number;
  readonly due_in_ms: number | null;
}

/** What a store sends of a state: an object of its recordset. */
interface Sent extends SentMoments {
  readonly order_id: string | null;
  readonly traceparent?: string | undefined;
}

/** A row; times in milliseconds. */
export type StateRow<Columns extends Sent> = Omit<Columns, keyof SentMoments | 'traceparent'> & {
  readonly traceparent: string | null;
  /** Grows with every write. */
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly deadline_at: number;
  readonly due_at: number | null;
};

/** What the statements of a store are made of. */
export interface StateTableOptions<Columns extends Sent> {
  readonly name: string;
  /** The primary key of what is sent, and of a row. */
  readonly keyOf: (record: Omit<Columns, keyof SentMoments | 'traceparent'>) => string;
  /** The columns that are not loaded; the others are, under their names in camel case. */
  readonly notLoaded: readonly (keyof StateRow<Columns>)[];
  /** The columns that an update leaves as they were; 'all' where there is no update. */
  readonly writtenOnce: readonly (keyof StateRow<Columns>)[] | 'all';
  /** What is loaded besides: what the statement computes, of the moments above all. */
  readonly computes: (row: StateRow<Columns>, nowMs: number) => object;
  /** The keys that are looked for; those of the first value unless it says otherwise. */
  readonly keysOf?: (values: readonly unknown[]) => readonly string[];
  /** What holds up others besides the row itself. */
  readonly alsoLocks?: (record: Columns) => readonly string[];
  /** Throws what the database would refuse. */
  readonly check?: (record: Columns) => void;
  /** What a save returns of each row. */
  readonly returns?: (row: StateRow<Columns>) => object;
  /** What is said of an overdue row besides its key and its trace. */
  readonly overdueWith?: (row: StateRow<Columns>) => object;
}

/** A table of states. */
export interface StateTable<Columns extends Sent> {
  readonly table: Table<StateRow<Columns>>;
  readonly due: DueIndex<StateRow<Columns>>;
  /** By what they do: each service has names of its own for them. */
  readonly load: Statement;
  readonly save: Statement;
  readonly overdue: Statement;
}

/** The columns of a row that every store loads in the same way (ROW_TIMES of the chassis). */
export const rowTimes = (row: { readonly due_at: number | null; readonly updated_at: number }, nowMs: number) => ({
  dueInMs: row.due_at === null ? null : row.due_at - nowMs,
  movedInMs: row.updated_at - nowMs,
});

/** The columns that no store sends: what is loaded of them is computed. */
const OWN_COLUMNS = ['version', 'created_at', 'updated_at', 'deadline_at', 'due_at'] as const;

const camelCase = (column: string) => column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Creates an empty table. */
export function createStateTable<Columns extends Sent>(options: StateTableOptions<Columns>): StateTable<Columns> {
  type Row = StateRow<Columns>;
  const { name, keyOf, writtenOnce, keysOf = (values: readonly unknown[]) => list(values, 0) } = options;
  const table = createTable<Row>(name);
  const due = indexByDue(table, ({ due_at }) => due_at);
  // What a store sends is what its `toRow` makes, whose type is Columns.
  const sent = (values: readonly unknown[]) => records(values, 0) as readonly Columns[];
  const hidden = new Set<string>([...OWN_COLUMNS, ...options.notLoaded.map(String)]);
  const columnsOf = (row: Row) =>
    Object.entries(row).flatMap(([column, value]): [string, unknown][] =>
      hidden.has(column) ? [] : [[camelCase(column), value]],
    );

  const upsert = (stored: Row | undefined, record: Columns, nowMs: number): Row => {
    const { moved_in_ms = 0, deadline_in_ms = 0, due_in_ms, traceparent = null, ...columns } = record;
    const row = {
      ...columns,
      traceparent,
      version: (stored?.version ?? 0) + 1,
      created_at: stored?.created_at ?? toColumn(nowMs),
      updated_at: toColumn(nowMs + moved_in_ms),
      deadline_at: stored?.deadline_at ?? toColumn(nowMs + deadline_in_ms),
      due_at: due_in_ms === null ? null : toColumn(nowMs + due_in_ms),
    };
    if (!stored || writtenOnce === 'all') return row;
    return { ...row, ...Object.fromEntries(writtenOnce.map((column) => [column, stored[column]])) };
  };

  return {
    table,
    due,
    load: {
      run: (values, tx) =>
        rowsOf(
          [...new Set(keysOf(values))].flatMap((key) => {
            const row = tx.get(table, key);
            if (!row) return [];
            return [{ ...Object.fromEntries(columnsOf(row)), ...options.computes(row, tx.nowMs) }];
          }),
        ),
    },
    save: {
      locks: (values) =>
        sent(values).flatMap((record) => [`${name} ${keyOf(record)}`, ...(options.alsoLocks?.(record) ?? [])]),
      run: (values, tx): Result => {
        const rows = sent(values).flatMap((record) => {
          options.check?.(record);
          const key = keyOf(record);
          const stored = tx.get(table, key);
          if (stored && writtenOnce === 'all') return [];
          const row = upsert(stored, record, tx.nowMs);
          tx.put(table, key, row);
          return [row];
        });
        return options.returns ? rowsOf(rows.map(options.returns)) : written(rows.length);
      },
    },
    overdue: {
      run: (values, { nowMs }) =>
        rowsOf(
          due.due(nowMs, number(values, 0)).map((row) => ({
            key: row.order_id ?? keyOf(row),
            traceparent: row.traceparent,
            ...options.overdueWith?.(row),
          })),
        ),
    },
  };
}
