import type { Bench } from '../bench';
import type { Figures } from '../measure/figures';

/** What the command line says about every scenario. */
export interface Scale {
  /** Orders of the burst; other scenarios scale with it. */
  readonly orders: number;
  /** Without what takes long and is no ratio. */
  readonly quick: boolean;
}

/** One scenario: how the system is loaded, and what is counted. */
export interface Scenario {
  readonly name: string;
  /** For a reader of the results. */
  readonly about: string;
  /** Rounds at most: what takes minutes is not repeated as often. */
  readonly roundsMax?: number;
  readonly run: (bench: Bench, scale: Scale) => Promise<Figures>;
}
