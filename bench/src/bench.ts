import type { Ceiling } from './ceilings/ceiling';
import type { Customers } from './customers/customers';
import type { Baseline } from './systems/baseline';
import type { Product } from './systems/product';

/** Everything that is running while the benchmark measures. */
export interface Bench {
  readonly product: Product;
  readonly baseline: Baseline;
  readonly customers: Customers;
  readonly ceiling: Ceiling;
}
