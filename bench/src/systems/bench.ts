import type { Ceiling } from '../ceilings/ceiling';
import type { Customers } from '../customers/customers';
import type { Product } from './product';
import type { Subject } from './subject';

/** Everything that is running while the benchmark measures; what not every scenario needs is started when it is needed first. */
export interface Bench {
  readonly product: Product;
  readonly customers: Customers;
  readonly baseline: () => Promise<Subject>;
  readonly ceiling: () => Promise<Ceiling>;
}
