/**
 * The store: what a service implements so that the processor can read and write its states. One batch loads a working
 * set under lock, decides on it in memory, and saves it with a few set-based statements.
 */
import type { PoolClient } from 'pg';
import type { Input, PublishedEvent } from './decision';

/** The states of one batch: read under lock, evolving in memory, written at once. */
export interface WorkingSet<State, Message> {
  get(key: string): State;
  /** Called for every decided input, changed or not, with what it published. */
  put(input: Input<Message>, state: State, changed: boolean, published: readonly PublishedEvent[]): void;
  /**
   * Sends what changed in a few set-based statements, without waiting for their answers: the COMMIT follows right
   * behind them. `get` returns what was saved once they have resolved.
   */
  save(): readonly Promise<unknown>[];
}

/** How a service's states are read and written. */
export interface Store<State, Message> {
  /**
   * Loads the states of these inputs; their keys are locked already. What else it needs it locks itself, in sorted
   * order.
   */
  load(tx: PoolClient, inputs: readonly Input<Message>[]): Promise<WorkingSet<State, Message>>;
}
