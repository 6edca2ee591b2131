/** The results of a whole benchmark, as in the JSON file. */
import type { CeilingFigures } from '../ceilings/ceiling';
import type { CeilingName } from '../ceilings/kinds';
import { medians, spread, type Figures } from '../measure/figures';

/** The machine and the versions. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly node: string;
  readonly postgres: string;
  readonly rabbitmq: string;
  readonly commit: string;
  /** One-minute load of the machine before the run, which shows what else was running. */
  readonly load_before: string;
}

/** Medians of the rounds, and their spread. */
export type Summary = Figures & { readonly rounds: number; readonly spread: number };

/** All results. */
export interface Results {
  readonly measured_at: string;
  readonly machine: Machine;
  readonly scenarios: Readonly<Record<string, Summary>>;
  readonly ceilings: Readonly<Partial<Record<CeilingName, CeilingFigures>>>;
  readonly ratios: Readonly<Record<string, number>>;
}

/** Medians and spread of a scenario's rounds. */
export const summarize = (rounds: readonly Figures[]): Summary => ({
  ...medians(rounds),
  rounds: rounds.length,
  spread: spread(rounds.map(({ orders_per_s }) => orders_per_s)),
});
