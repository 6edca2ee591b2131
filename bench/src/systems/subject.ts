import type { Addresses } from '@quadrille/operator/src/start/addresses';
import type { NamedProcess } from '../measure/processes';

/** A system under measurement: the product or the baseline. Both use the same tables, so both can be verified. */
export interface Subject {
  readonly name: 'product' | 'baseline';
  readonly addresses: Addresses;
  /** The current processes of its services. */
  readonly processes: () => readonly NamedProcess[];
}
