import type { Bench } from '../systems/bench';
import type { Figures } from '../measure/figures';

/** The options of the command line for every scenario. */
export interface Scale {
  /** Orders of the burst; other scenarios scale with it. */
  readonly orders: number;
  /** Leaves out the broker's counters, which take ten seconds. */
  readonly quick: boolean;
}

/** A scenario: how the system is loaded, and what is counted. */
export interface Scenario {
  readonly name: string;
  /** Its description in the results. */
  readonly about: string;
  /** Maximum of rounds, for scenarios that take minutes. */
  readonly roundsMax?: number;
  /** Runs after all rounds of the other scenarios, because it changes the tables. */
  readonly last?: true;
  readonly run: (bench: Bench, scale: Scale) => Promise<Figures>;
}
