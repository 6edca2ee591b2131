/** Reading the values of statements: they come as the stores send them, lists or JSON. */
import { EPOCH_MS } from '../engine/globals';
import type { Result } from './statement';

/** The list of texts at this position; empty when there is none. */
// The statements' texts in the services say what is sent at each position.
export const list = (values: readonly unknown[], index: number): readonly string[] =>
  (values[index] ?? []) as readonly string[];

/** The number at this position. */
export const number = (values: readonly unknown[], index: number): number => values[index] as number;

/** The text at this position. */
export const text = (values: readonly unknown[], index: number): string => values[index] as string;

const parsed = new WeakMap<readonly unknown[], Map<number, unknown>>();

/**
 * The recordset at this position, a JSON text as `json_to_recordset` reads it; read once, for the locks and for the
 * writing.
 */
export function records(values: readonly unknown[], index: number): unknown {
  const known = parsed.get(values) ?? new Map<number, unknown>();
  parsed.set(values, known);
  const read: unknown = known.get(index) ?? JSON.parse(text(values, index));
  known.set(index, read);
  return read;
}

/** A result of these rows. */
export const rowsOf = (rows: readonly object[]): Result => ({ rows, rowCount: rows.length });

/** A result that says how many rows were written. */
export const written = (rowCount: number): Result => ({ rows: [], rowCount });

/** A moment as a Date; columns keep whole milliseconds. */
export const toDate = (atMs: number): Date => new Date(EPOCH_MS + Math.round(atMs));

/** A column of times keeps whole milliseconds. */
export const toColumn = (atMs: number): number => Math.round(atMs);
