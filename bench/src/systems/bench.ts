import type { Ceiling } from '../ceilings/ceiling';
import type { Customers } from '../customers/customers';
import type { Product } from './product';
import type { Subject } from './subject';

/** Everything that runs during the benchmark; parts that not every scenario needs are started on first use. */
export interface Bench {
  readonly product: Product;
  readonly customers: Customers;
  readonly baseline: () => Promise<Subject>;
  readonly ceiling: () => Promise<Ceiling>;
}
