/** The whole system: four databases, one broker, a bank, and the replicas of the services between them. */
import { STOP_TIMEOUT_MS } from '@quadrille/service-chassis/src/lifecycle/run';
import type { Handled, Input, Logger, ServiceMetrics } from '@quadrille/service-chassis';
import type { OrderCommand, OrderState } from '@quadrille/order-service/src/domain/decide';
import type { PaymentInput } from '@quadrille/payment-service/src/domain/messages';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import { services, shortNames, topology, type ShortName } from '@quadrille/operator/src/services';
import { createQueues, type BrokerFaults } from '../broker/broker';
import { createBrokerServer, type BrokerServer } from '../broker/server';
import { createPool, type SimulatedPool } from '../database/pool';
import { createDatabaseServer, type DatabaseServer } from '../database/server';
import type { DatabaseFaults } from '../database/session';
import type { Statements } from '../database/statement';
import { createTables, statementsOf, type Tables } from './databases';
import { createBank, createGateway, type GatewayFaults } from './gateway';
import { startInventory, startNotification, startOrder, startPayment, type Parts } from './processes';
import { watchDeliveries, type Deliveries } from '../checkers/deliveries';
import { createPoison, type PlantedPoison } from '../checkers/poison';
import { createRandom } from '../engine/random';
import { ask, type Answered, type Asked } from '../workload/requests';
import { world, type Owner, type Scheduler } from '../engine/scheduler';
import type { Coverage } from '../checkers/coverage';

/** Something wrong put in the place of what is right, to see whether it is found out. */
export interface Mistakes {
  /** Statements of every database. */
  readonly statements?: Statements;
  readonly inventory?: typeof services.inventory.table;
  readonly payment?: typeof services.payment.table;
}

/** What a system needs from outside. */
export interface SystemOptions {
  readonly seed: number;
  readonly orders: number;
  readonly scheduler: Scheduler;
  readonly record: (line: string) => void;
  readonly coverage: Coverage;
  readonly log: Logger;
  readonly metrics: Readonly<Record<ShortName, ServiceMetrics>>;
  readonly faults: {
    readonly database: DatabaseFaults;
    readonly broker: BrokerFaults;
    readonly gateway: GatewayFaults;
  };
  readonly leaving: (owner: Owner, what: 'publish' | 'ack') => void;
  readonly mistakes?: Mistakes | undefined;
}

/** A running system. */
export interface SimulatedSystem {
  readonly tables: Tables;
  readonly databases: Readonly<Record<ShortName, DatabaseServer>>;
  readonly broker: BrokerServer;
  readonly deliveries: Deliveries;
  readonly poison: PlantedPoison;
  /** Those that were not asked to stop. */
  replicas(name: ShortName): readonly Owner[];
  start(name: ShortName): void;
  /** Asks a process to end in order, as SIGTERM does. */
  stop(owner: Owner): void;
  /** Ends a process; it is started again after a while. */
  crash(owner: Owner): void;
  askOrder(input: Input<OrderCommand>, answered: Answered<OrderState>): void;
  askPayment(input: Input<PaymentInput>, answered: Answered<Payment>): void;
}

/** One running process. */
interface Replica extends Asked {
  readonly service: ShortName;
  readonly pool: SimulatedPool;
  stopping: boolean;
  stop: (() => Promise<void>) | undefined;
  order: ((input: Input<OrderCommand>) => Promise<Handled<OrderState>>) | undefined;
  payment: ((input: Input<PaymentInput>) => Promise<Handled<Payment>>) | undefined;
}

/** Processes of each service, so that they contend for the same orders. */
const REPLICAS = 2;

/** A process that died is started again after so long, in milliseconds. */
const RESTART_MS = { least: 20, most: 3_000 } as const;

/** Most connections of the dead are found closed at once; some machines vanish without a word. */
const GOODBYE_MS = { least: 1, most: 3 } as const;
const SILENT_DEATH = { share: 0.1, leastMs: 1_000, mostMs: 15_000 } as const;

/** Puts the system together, and starts every service. */
export function createSimulatedSystem(options: SystemOptions): SimulatedSystem {
  const { scheduler, record, coverage, faults, seed } = options;
  const random = createRandom(`${String(seed)} system`);
  const tables = createTables(options.orders);
  const statements = statementsOf(tables);
  const deliveries = watchDeliveries(tables);
  const deciding = new WeakMap<object, readonly string[]>();

  const openDatabase = (name: ShortName) =>
    createDatabaseServer({
      name,
      scheduler,
      statements: { ...statements[name], ...options.mistakes?.statements },
      faults: faults.database,
      record,
      ends: (connection, committed) => {
        if (committed) deliveries.decided(name, deciding.get(connection) ?? []);
        deciding.delete(connection);
      },
    });
  const databases: Readonly<Record<ShortName, DatabaseServer>> = {
    order: openDatabase('order'),
    inventory: openDatabase('inventory'),
    payment: openDatabase('payment'),
    notification: openDatabase('notification'),
  };
  const queues = createQueues({
    topology,
    scheduler,
    random: createRandom(`${String(seed)} queues`),
    faults: faults.broker,
  });
  const broker = createBrokerServer({
    scheduler,
    random,
    queues,
    witness: {
      published: (owner, message, routed) => {
        const { routingKey, properties } = message;
        record(`${owner.name} published ${routingKey} ${properties.messageId ?? ''} ${routed}`);
        deliveries.published(owner, message, routed);
        if (routed === 'returned') coverage.count('a message was returned as unroutable');
      },
      delivered: (owner, queue, message, redelivered) => {
        record(`${owner.name} got ${message.properties.messageId ?? ''}${redelivered ? ' again' : ''}`);
        if (!deliveries.isDecided(queue, message)) return;
        coverage.count(
          redelivered
            ? 'a message came again after its decision was committed'
            : 'a message came a second time as if it were new',
        );
      },
      acknowledged: deliveries.acknowledged,
      leaving: options.leaving,
    },
  });

  const poison = createPoison(queues, scheduler.now);

  const poolOf = (name: ShortName, owner: Owner, size: number) =>
    createPool({ server: databases[name], owner, size, scheduler, random });

  const bankOwner: Owner = { name: 'bank', alive: true };
  const bank = createBank(poolOf('payment', bankOwner, 4).pool);

  const running = new Set<Replica>();
  let births = 0;

  const start = (service: ShortName) => {
    const owner: Owner = { name: `${services[service].table.name}#${String(++births)}`, alive: true };
    const replica: Replica = Object.assign(owner, {
      service,
      pool: poolOf(service, owner, 8),
      stopping: false,
      stop: undefined,
      order: undefined,
      payment: undefined,
      pending: new Set<(error: Error) => void>(),
    });
    running.add(replica);
    record(`${replica.name} starts`);
    const parts: Parts = {
      foundation: {
        pool: replica.pool.pool,
        log: options.log,
        // One registry for all replicas of a service: what it counts is counted for the run.
        metrics: { ...options.metrics[service], gauge: () => undefined, count: () => undefined },
      },
      connect: (_url, given) => broker.connect(replica, given),
      gateway: createGateway({ bank, bankOwner, owner: replica, scheduler, random, faults: faults.gateway }),
      onDeciding: (tx, identities) => {
        deciding.set(tx, identities);
      },
      onDecided: (input) => {
        const effect = poison.effectOf(input);
        if (effect === 'failing') throw new Error('this message fails');
        if (effect === 'deadly') end(replica, 'dies');
      },
    };
    scheduler.after(0, replica, () => {
      if (service === 'order') ({ stop: replica.stop, command: replica.order } = startOrder(parts));
      else if (service === 'inventory') ({ stop: replica.stop } = startInventory(parts, options.mistakes?.inventory));
      else if (service === 'payment')
        ({ stop: replica.stop, command: replica.payment } = startPayment(parts, options.mistakes?.payment));
      else ({ stop: replica.stop } = startNotification(parts));
    });
  };

  const end = (owner: Owner, how: string) => {
    const replica = [...running].find((each) => each === owner);
    if (!replica) return;
    record(`${replica.name} ${how}`);
    replica.alive = false;
    running.delete(replica);
    const silent = !replica.stopping && random.chance(SILENT_DEATH.share);
    const goodbyeMs = silent
      ? random.between(SILENT_DEATH.leastMs, SILENT_DEATH.mostMs)
      : random.between(GOODBYE_MS.least, GOODBYE_MS.most);
    replica.pool.abandon(goodbyeMs);
    broker.abandon(replica, goodbyeMs);
    for (const answered of replica.pending) {
      scheduler.after(GOODBYE_MS.most, world, () => {
        answered(new Error('socket hang up'));
      });
    }
    replica.pending.clear();
    scheduler.after(random.between(RESTART_MS.least, RESTART_MS.most), world, () => {
      start(replica.service);
    });
  };

  const stop = (owner: Owner) => {
    const replica = [...running].find((each) => each === owner);
    if (!replica) return;
    record(`${replica.name} stops`);
    replica.stopping = true;
    const stopped = () => {
      end(replica, 'has stopped');
    };
    scheduler.after(0, replica, () => {
      if (replica.stop) void replica.stop().then(stopped);
      else stopped();
    });
    // The chassis ends a process that takes longer to stop; here that is a fault, and ends the run.
    scheduler.after(STOP_TIMEOUT_MS, replica, () => {
      throw new Error(`${replica.name} has not stopped within ${String(STOP_TIMEOUT_MS)} ms`);
    });
  };

  const replicas = (name: ShortName) => [...running].filter(({ service, stopping }) => service === name && !stopping);
  const replicaOf = (service: ShortName) => {
    const found = replicas(service);
    return found.length === 0 ? undefined : random.pick(found);
  };

  for (let index = 0; index < REPLICAS; index++) shortNames.forEach(start);
  return {
    tables,
    databases,
    broker,
    deliveries,
    poison,
    replicas,
    start,
    stop,
    crash: (owner) => {
      end(owner, 'dies');
    },
    askOrder: (input, answered) => {
      const replica = replicaOf('order');
      ask({ scheduler, random }, replica, () => replica?.order?.(input), answered);
    },
    askPayment: (input, answered) => {
      const replica = replicaOf('payment');
      ask({ scheduler, random }, replica, () => replica?.payment?.(input), answered);
    },
  };
}
