import type { Addresses } from '@quadrille/operator/src/start/addresses';
import type { NamedProcess } from '../measure/processes';

/** A system that takes orders: the product or the baseline. Both keep them in the same tables, so both can be verified. */
export interface Subject {
  readonly name: 'product' | 'baseline';
  readonly addresses: Addresses;
  /** Its services now. */
  readonly processes: () => readonly NamedProcess[];
}
