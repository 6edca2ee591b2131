/**
 * What travels between a client and a database server in memory: the named statements that the services send, and their
 * results.
 */
import type { Transaction } from './transaction';

/** The result of a statement. */
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

/** A request as it travels. */
export interface Request {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** An error with an SQLSTATE, as `pg` gives it. */
export const sqlError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
