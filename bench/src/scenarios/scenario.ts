import type { Bench } from '../systems/bench';
import type { Figures } from '../measure/figures';

/** What the command line says about every scenario. */
export interface Scale {
  /** Orders of the burst; other scenarios scale with it. */
  readonly orders: number;
  /** Without the broker's counters, which take ten seconds. */
  readonly quick: boolean;
}

/** One scenario: how the system is loaded, and what is counted. */
export interface Scenario {
  readonly name: string;
  /** For a reader of the results. */
  readonly about: string;
  /** Rounds at most: what takes minutes is not repeated as often. */
  readonly roundsMax?: number;
  /** Runs after all rounds of the others, as it leaves the tables otherwise than it found them. */
  readonly last?: true;
  readonly run: (bench: Bench, scale: Scale) => Promise<Figures>;
}
