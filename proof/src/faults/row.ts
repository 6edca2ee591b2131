/** What a row of the table of faults is, and what became of one. */
import type { Load } from './customers';
import type { Counters, Entries } from './journal';
import type { SystemUnderFault, Deployment } from './system-under-fault';

/** Where the fault is. */
export const groups = {
  services: 'A service dies, stalls or is replaced',
  broker: 'The broker fails',
  network: 'The network fails',
  database: 'The database fails',
  gateway: 'The bank fails',
  messages: 'Messages are repeated, late, poisonous or forged',
  people: 'People and machines around it',
} as const;

/** Short name of a group, for `--only`. */
export type Group = keyof typeof groups;

/** What is known when a row is judged. */
export interface Evidence {
  readonly counters: Counters;
  readonly entries: Entries;
  readonly load: Load;
}

/** A figure, counted while the fault lasted or when everything has come to rest. */
type Figure = number | ((evidence: Evidence) => number | Promise<number>);

/**
 * What shows that the nasty moment really came: each figure must be above zero, or the row proves nothing. Those under
 * `none` must be zero, or the row is broken.
 */
export type Proof = Readonly<Record<string, Figure | { readonly none: Figure }>>;

/** What a row does its work with. */
export interface FaultContext {
  readonly system: SystemUnderFault;
  readonly load: Load;
  /**
   * The fault is over (for a kill: at its moment). Resolves with the milliseconds until a new order goes through and
   * all are ready.
   */
  readonly recovered: () => Promise<number>;
  /** Undoes something when the row is over, however it ends. */
  readonly finally: (undo: () => Promise<unknown>) => void;
  /** Messages put in on purpose that must end in a dead-letter or invalid queue. */
  readonly poison: (messages: number) => void;
}

/** One fault. */
export interface Row {
  readonly number: number;
  readonly group: Group;
  readonly fault: string;
  readonly expected: string;
  /** One line for an operator who has this fault in production. */
  readonly youWillSee: string;
  /** What it is done to; the system of npm start unless it says otherwise. */
  readonly deployment?: Deployment;
  /** Goal of its recovery; RECOVER_WITHIN_MS unless it says otherwise. */
  readonly recoverWithinMs?: number;
  /** In the short selection of the CI gate. */
  readonly quick?: true;
  /** Injects the fault into the system under load, and lifts it. */
  readonly inject: (context: FaultContext) => Promise<Proof>;
}

/** How long a system may take to recover when the fault is over. */
const RECOVER_WITHIN_MS = 30_000;

/** The goal of a row's recovery. */
export const recoverWithinMs = (row: Row): number => row.recoverWithinMs ?? RECOVER_WITHIN_MS;

/** A row of the list that is not run, and why. */
export interface NotRun {
  readonly number: number;
  readonly fault: string;
  readonly why: string;
}

/** What became of a row. */
export interface Result {
  readonly number: number;
  readonly verdict: 'holds' | 'broken' | 'not proven' | 'failed';
  /** What was counted, or what went wrong. */
  readonly seen: string;
  /** Longest time to recover, in milliseconds; null when the row never asked. */
  readonly recoveryMs: number | null;
  readonly absorbed: number;
  readonly orders: number;
  readonly cancelled: number;
  readonly parked: number;
  readonly tookMs: number;
}

/** A result that was kept, with the commit that it is of. */
export interface KeptResult extends Result {
  readonly commit: string;
}
