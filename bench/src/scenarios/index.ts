import { baseline, burst } from './burst';
import type { Scenario } from './scenario';

/** Every scenario, in the order they are run in. */
export const scenarios: readonly Scenario[] = [burst, baseline];
