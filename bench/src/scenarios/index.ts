import { age } from './age';
import { backlog } from './backlog';
import { baseline, burst } from './burst';
import { flashSale } from './flash-sale';
import { bigOrders, mixed } from './mixed';
import { replicaScenarios } from './replicas';
import { retryStorm, retryStormBurst } from './retry-storm';
import type { Scenario } from './scenario';
import { steadies } from './steady';

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  burst,
  baseline,
  ...steadies,
  mixed,
  flashSale,
  retryStorm,
  retryStormBurst,
  ...replicaScenarios,
  bigOrders,
  backlog,
  age,
];
