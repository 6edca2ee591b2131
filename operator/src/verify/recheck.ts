/** Scans all orders once, and after that rereads only those that broke an invariant. */
import type { Breach, OrderFacts } from './facts';
import { missingOrders, readOrders, scanOrders, strayOrders, type OrderDatabases } from './read-orders';
import { orderBreaches, vanishedBreach } from './rules';
import { count, emptyTally, type Tally } from './tally';

/** How many of them are kept; with more, every call scans all orders again. */
const RECHECKED_MAX = 10_000;

/** What one call found about the orders. */
export interface OrdersFound {
  readonly breaches: readonly Breach[];
  readonly tally: Tally;
  /** Whether there were more offenders than are kept. */
  readonly more: boolean;
}

interface Scan {
  /** Counts of the orders that are not rechecked. */
  readonly clean: Tally;
  readonly rechecked: readonly string[];
  readonly more: boolean;
}

async function scan(databases: OrderDatabases): Promise<Scan> {
  const clean = emptyTally();
  const strays = await strayOrders(databases, RECHECKED_MAX);
  const rechecked = new Set(strays);
  let more = false;
  for await (const page of scanOrders(databases)) {
    for (const facts of page) {
      if (!rechecked.has(facts.orderId) && orderBreaches(facts).length === 0) count(clean, facts);
      else if (rechecked.has(facts.orderId) || rechecked.size < RECHECKED_MAX) rechecked.add(facts.orderId);
      else more = true;
    }
  }
  return { clean, rechecked: [...rechecked], more };
}

/** Returns a function that checks the orders each time it is called; `requested` are orders that must exist. */
export function createOrdersLook(databases: OrderDatabases, requested: readonly string[]): () => Promise<OrdersFound> {
  let last: Scan | undefined;
  let missing = requested;
  return async () => {
    if (!last || last.more) last = await scan(databases);
    const facts: OrderFacts[] = await readOrders(databases, last.rechecked);
    missing = await missingOrders(databases, missing);
    const tally: Tally = { ...last.clean, statuses: new Map(last.clean.statuses) };
    for (const each of facts) count(tally, each);
    return { breaches: [...missing.map(vanishedBreach), ...facts.flatMap(orderBreaches)], tally, more: last.more };
  };
}
