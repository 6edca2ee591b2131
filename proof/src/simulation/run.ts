/**
 * One run: everything happens, everybody comes to rest, and the seven invariants are judged, with what was watched
 * meanwhile.
 */
import { createLogger, createMetrics, type Logger, type ServiceMetrics } from '@quadrille/service-chassis';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Breach } from '@quadrille/operator/src/verify/facts';
import {
  isParkingLot,
  keyBreaches,
  orderBreaches,
  parkedIn,
  restBreaches,
  stockBreaches,
} from '@quadrille/operator/src/verify/rules';
import { count, emptyTally, type Tally } from '@quadrille/operator/src/verify/tally';
import { keyFacts, orderFacts, outboxFacts, stockFacts } from './checkers/facts';
import { installGlobals } from './engine/globals';
import { createHistory } from './engine/history';
import type { Scenario } from './faults/fault-plan';
import { createRandom } from './engine/random';
import { createScheduler, drive, world, type Scheduler } from './engine/scheduler';
import { findingOf, type Finding } from './report';
import { createCustomers, type Customers } from './workload/customers';
import { createSimulatedSystem, type Mistakes, type SimulatedSystem } from './world/system';
import { createCoverage, type Situation, type Coverage } from './checkers/coverage';
import { createNemesis, type Nemesis } from './faults/nemesis';
import type { Victims } from './faults/timed-faults';

/** What a run is told besides its scenario. */
export interface RunOptions {
  /** Gets the history as it is written. */
  readonly write?: (text: string) => void;
  /** Told now and then how many orders were placed. */
  readonly progress?: (placed: number) => void;
  readonly mistakes?: Mistakes;
}

/** What came of a run. */
export interface Outcome {
  readonly digest: string;
  readonly breaches: readonly Finding[];
  readonly tally: Tally;
  readonly coverage: Coverage;
  readonly steps: number;
  /** Virtual time until rest. */
  readonly virtualMs: number;
}

/** How long everybody may take to come to rest after the last customer: longer than the longest nudge. */
const REST_WITHIN_MS = 3_600_000;

/** How often it is looked whether everybody rests. */
const LOOK_INTERVAL_MS = 1_000;

let logOfProcess: Logger | undefined;
let metricsOfProcess: Readonly<Record<ShortName, ServiceMetrics>> | undefined;

/** The registries of this process: Node's own figures in them allow one for each service, not one for each run. */
function freshMetrics(): Readonly<Record<ShortName, ServiceMetrics>> {
  const create = (name: ShortName) => createMetrics(services[name].table.name);
  metricsOfProcess ??= {
    order: create('order'),
    inventory: create('inventory'),
    payment: create('payment'),
    notification: create('notification'),
  };
  for (const { handled, relayed } of Object.values(metricsOfProcess)) {
    handled.reset();
    relayed.reset();
  }
  return metricsOfProcess;
}

/** Situations that a service's own outcomes tell of. */
const OUTCOMES: readonly (readonly [ShortName, RegExp, Situation])[] = [
  ['inventory', /^OrderCreated unchanged: TOMBSTONE$/, 'a late order found its tombstone'],
  ['payment', /lease ran out/, "a charge's lease ran out"],
  ['payment', /stop wanted$/, 'a stop was wanted while the gateway was asked'],
  ['payment', /^ResolveAnswered (succeeded|refunding)$/, 'an unknown charge was resolved as charged'],
  ['payment', /^ResolveAnswered (failed|voided)$/, 'an unknown charge was voided'],
  ['payment', /^RefundAnswered refunded$/, 'a refund was paid'],
  ['order', /cancelled: DEADLINE_EXCEEDED$/, 'a deadline passed'],
  ['inventory', /unavailable: OUT_OF_STOCK$/, 'stock ran out'],
  ...shortNames.map((name) => [name, /answered again$/, 'an outcome was announced again'] as const),
];

async function countOutcomes(metrics: Readonly<Record<ShortName, ServiceMetrics>>, coverage: Coverage) {
  for (const name of shortNames) {
    const { values } = await metrics[name].handled.get();
    for (const { labels, value } of values) {
      const outcome = `${String(labels.type)} ${String(labels.outcome)}`;
      for (const [service, pattern, situation] of OUTCOMES)
        if (service === name && pattern.test(outcome)) coverage.count(situation, value);
    }
    const relayed = await metrics[name].relayed.get();
    coverage.count('the relay published what its writer had not', relayed.values[0]?.value ?? 0);
  }
}

/** What faults do to a system. */
function victimsOf(system: () => SimulatedSystem, scheduler: Scheduler): Victims {
  const down = new Map<ShortName, number>();
  const frozen = new Map<ShortName, number>();
  let brokerDown = 0;
  let blocked = 0;
  /** Faults of one kind may overlap: it is over when the last one is. */
  const spell = (forMs: number, change: (by: 1 | -1) => void) => {
    change(1);
    scheduler.after(forMs, world, () => {
      change(-1);
    });
  };
  const counted = (counts: Map<ShortName, number>, service: ShortName, by: number) => {
    const now = (counts.get(service) ?? 0) + by;
    counts.set(service, now);
    return now;
  };
  return {
    crash: (owner) => {
      system().crash(owner);
    },
    stop: (owner) => {
      system().stop(owner);
    },
    replicas: (service) => system().replicas(service),
    stopDatabase: (service, forMs) => {
      spell(forMs, (by) => {
        if (counted(down, service, by) > 0) system().databases[service].stop();
        else system().databases[service].start();
      });
    },
    freezeDatabase: (service, forMs) => {
      spell(forMs, (by) => {
        system().databases[service].freeze(counted(frozen, service, by) > 0);
      });
    },
    stopBroker: (forMs) => {
      spell(forMs, (by) => {
        brokerDown += by;
        system().broker.setUp(brokerDown === 0);
      });
    },
    plant: (service, poison) => {
      system().poison.plant(service, poison);
    },
    blockBroker: (forMs) => {
      spell(forMs, (by) => {
        blocked += by;
        system().broker.setAlarm(blocked > 0);
      });
    },
    toConnection: (service, what, draw) => {
      const of = system()
        .broker.connections()
        .filter(({ name }) => name.startsWith(services[service].table.name))
        .filter((connection) => what !== 'cancel consumer' || connection.consumes());
      const connection = of[Math.floor(draw * of.length)];
      if (!connection) return false;
      if (what === 'cut') connection.cut();
      else if (what === 'silence') connection.silence();
      else if (what === 'close channel') connection.closeChannel();
      else connection.cancelConsumer();
      return true;
    },
  };
}

/** Watches the tables for situations that no single service knows of. */
function watchTables({ tables }: SimulatedSystem, coverage: Coverage): void {
  tables.payment.charges.watchers.push((_key, before, after) => {
    if (after?.status !== 'charged' || before?.status === 'charged') return;
    if (tables.order.table.rows.get(after.reference)?.status === 'CANCELLED')
      coverage.count('a charge landed after its order was cancelled');
  });
  tables.order.table.watchers.push((_key, before, after) => {
    // A customer, or the deadline, who ends an order that was nudged has not been waiting for the nudge.
    const wasEnded = before?.status !== 'CANCELLED' && after?.status === 'CANCELLED';
    if (before && after && !wasEnded && before.nudges > 0 && after.nudges === 0)
      coverage.count('a nudge got an order going again');
  });
}

/** Whether nothing is under way any more, and nothing will be by itself. */
const isAtRest = ({ tables, broker }: SimulatedSystem, customers: Customers): boolean =>
  customers.busy() === 0 &&
  tables.order.due.size() === 0 &&
  tables.inventory.reservations.due.size() === 0 &&
  tables.payment.payments.due.size() === 0 &&
  tables.notification.notifications.due.size() === 0 &&
  shortNames.every((name) => tables.chassis[name].outbox.rows.size === 0) &&
  broker.queues.underWay() === 0 &&
  broker.queues.facts().every(({ name, ready, unacknowledged }) => isParkingLot(name) || ready + unacknowledged === 0);

function judge(
  system: SimulatedSystem,
  customers: Customers,
): { readonly breaches: readonly Finding[]; readonly tally: Tally } {
  const { tables, broker, deliveries, poison } = system;
  const tally = emptyTally();
  const breaches: Breach[] = [];
  for (const facts of orderFacts(tables)) {
    count(tally, facts);
    breaches.push(...orderBreaches(facts));
  }
  const queues = broker.queues.facts();
  breaches.push(
    ...stockFacts(tables).flatMap(stockBreaches),
    // What is parked is judged by name: who dies between parking a message and acknowledging it parks it again.
    ...restBreaches(outboxFacts(tables), queues, parkedIn(queues)),
    ...keyBreaches(keyFacts(tables).repeated),
  );
  const watched = [...deliveries.findings(), ...poison.findings(deliveries), ...customers.findings()];
  return { breaches: [...breaches.map(findingOf), ...watched], tally };
}

/** Runs a scenario. Only one at a time in a process: it takes the place of its time and its randomness. */
export async function simulate(scenario: Scenario, options: RunOptions = {}): Promise<Outcome> {
  const { seed, orders } = scenario;
  const log = (logOfProcess ??= createLogger('simulation', 'silent'));
  const metrics = freshMetrics();
  const scheduler = createScheduler();
  const history = createHistory(scheduler.now, options.write);
  const { record } = history;
  const coverage = createCoverage();
  const breathe = setImmediate.bind(globalThis);
  const restore = installGlobals(scheduler, createRandom(`${String(seed)} services`));
  try {
    const nemesis: Nemesis = createNemesis({
      scenario,
      scheduler,
      random: createRandom(`${String(seed)} noise`),
      coverage,
      victims: victimsOf(() => system, scheduler),
      record,
    });
    const system: SimulatedSystem = createSimulatedSystem({
      seed,
      orders,
      scheduler,
      record,
      coverage,
      log,
      metrics,
      faults: nemesis,
      leaving: nemesis.leaving,
      mistakes: options.mistakes,
    });
    watchTables(system, coverage);
    const customers = createCustomers({ seed, orders, scheduler, system, coverage, record });
    await drive(scheduler, untilRest(scheduler, system, customers, nemesis, options), breathe);
    const { breaches, tally } = judge(system, customers);
    await countOutcomes(metrics, coverage);
    for (const { statistics } of Object.values(system.databases))
      coverage.count('a transaction waited for a lock', statistics.lockWaits);
    return {
      digest: history.digest(),
      breaches,
      tally,
      coverage,
      steps: scheduler.steps(),
      virtualMs: scheduler.now(),
    };
  } finally {
    restore();
  }
}

/** Done when everybody rests, or should long since. */
function untilRest(
  scheduler: Scheduler,
  system: SimulatedSystem,
  customers: Customers,
  nemesis: Nemesis,
  { progress }: RunOptions,
): () => boolean {
  let lookAtMs = 0;
  let lastBusyMs = 0;
  return () => {
    if (scheduler.now() < lookAtMs) return false;
    lookAtMs = scheduler.now() + LOOK_INTERVAL_MS;
    progress?.(customers.placed());
    if (customers.busy() > 0) {
      lastBusyMs = scheduler.now();
      return false;
    }
    nemesis.calm();
    return isAtRest(system, customers) || scheduler.now() - lastBusyMs > REST_WITHIN_MS;
  };
}
