/** The whole system: four databases, one broker, a bank, and the replicas of the services between them. */
import type { Input, Logger, ServiceMetrics } from '@quadrille/service-chassis';
import type { OrderCommand, OrderState } from '@quadrille/order-service/src/domain/decide';
import type { PaymentInput } from '@quadrille/payment-service/src/domain/messages';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import { topology, type ShortName } from '@quadrille/operator/src/services';
import { createQueues, type BrokerFaults } from '../broker/broker';
import { createBrokerServer, type BrokerServer } from '../broker/server';
import { createPool } from '../database/pool';
import { createDatabaseServer, type DatabaseServer } from '../database/server';
import type { DatabaseFaults } from '../database/session-context';
import type { Statements } from '../database/statement';
import { createTables, statementsOf, type Tables } from './databases';
import { createBank, createGateway, type GatewayFaults } from './gateway';
import type { Parts } from './processes';
import { createReplicas, type ReplacedTables, type Replica } from './replicas';
import { watchDeliveries, type Deliveries } from '../checkers/deliveries';
import { createPoison, type PlantedPoison } from '../checkers/poison';
import { createRandom, type Random } from '../engine/random';
import { ask, type Answered } from '../workload/requests';
import type { Owner, Scheduler } from '../engine/scheduler';
import type { Coverage } from '../checkers/coverage';

/** Something wrong put in the place of what is right, to see whether it is found out. */
export interface Mistakes extends ReplacedTables {
  /** Statements of every database. */
  readonly statements?: Statements;
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
  /** Asks a process to end in order, as SIGTERM does. */
  stop(owner: Owner): void;
  /** Ends a process; it is started again after a while. */
  crash(owner: Owner): void;
  askOrder(input: Input<OrderCommand>, answered: Answered<OrderState>): void;
  askPayment(input: Input<PaymentInput>, answered: Answered<Payment>): void;
}

/** Connections of a service's pool: the default of DATABASE_POOL_SIZE. */
const POOL_SIZE = 8;

/** Connections of the bank's pool. */
const BANK_POOL_SIZE = 4;

/** Puts the system together, and starts every service. */
export function createSimulatedSystem(options: SystemOptions): SimulatedSystem {
  const { scheduler, record, faults, seed } = options;
  const random = createRandom(`${String(seed)} system`);
  const tables = createTables(options.orders);
  const deliveries = watchDeliveries(tables);
  /** The identities of the messages that each open transaction decides about. */
  const deciding = new WeakMap<object, readonly string[]>();
  const databases = openDatabases(options, tables, (service, connection, committed) => {
    if (committed) deliveries.decided(service, deciding.get(connection) ?? []);
    deciding.delete(connection);
  });
  const broker = openBroker(options, random, deliveries);
  const poison = createPoison(broker.queues, scheduler.now);
  const poolOf = (service: ShortName, owner: Owner, size = POOL_SIZE) =>
    createPool({ server: databases[service], owner, size, scheduler, random });
  const bankOwner: Owner = { name: 'bank', alive: true };
  const bank = createBank(poolOf('payment', bankOwner, BANK_POOL_SIZE).pool);

  const partsOf = (replica: Replica): Parts => ({
    foundation: {
      pool: replica.pool.pool,
      log: options.log,
      // One registry for all replicas of a service: what it counts is counted for the run.
      metrics: { ...options.metrics[replica.service], gauge: () => undefined, count: () => undefined },
    },
    connect: (_url, given) => broker.connect(replica, given),
    gateway: createGateway({ bank, bankOwner, owner: replica, scheduler, random, faults: faults.gateway }),
    onDeciding: (tx, identities) => {
      deciding.set(tx, identities);
    },
    onDecided: (input) => {
      const effect = poison.effectOf(input);
      if (effect === 'failing') throw new Error('this message fails');
      if (effect === 'deadly') replicas.crash(replica);
    },
  });
  const replicas = createReplicas({ scheduler, random, record, broker, poolOf, partsOf, replaced: options.mistakes });
  replicas.startAll();

  const pick = (service: ShortName): Replica | undefined => {
    const found = replicas.of(service);
    return found.length === 0 ? undefined : random.pick(found);
  };
  return {
    tables,
    databases,
    broker,
    deliveries,
    poison,
    replicas: replicas.of,
    stop: replicas.stop,
    crash: replicas.crash,
    askOrder: (input, answered) => {
      const replica = pick('order');
      ask({ scheduler, random }, replica, () => replica?.order?.(input), answered);
    },
    askPayment: (input, answered) => {
      const replica = pick('payment');
      ask({ scheduler, random }, replica, () => replica?.payment?.(input), answered);
    },
  };
}

/** Opens a database for each service; `ends` is called for each explicit transaction that ends. */
function openDatabases(
  { scheduler, faults, record, mistakes }: SystemOptions,
  tables: Tables,
  ends: (service: ShortName, connection: object, committed: boolean) => void,
): Readonly<Record<ShortName, DatabaseServer>> {
  const statements = statementsOf(tables);
  const open = (name: ShortName) =>
    createDatabaseServer({
      name,
      scheduler,
      statements: { ...statements[name], ...mistakes?.statements },
      faults: faults.database,
      record,
      ends: (connection, committed) => {
        ends(name, connection, committed);
      },
    });
  return {
    order: open('order'),
    inventory: open('inventory'),
    payment: open('payment'),
    notification: open('notification'),
  };
}

/** Opens a broker on the real topology; what happens to messages is recorded, and watched by `deliveries`. */
function openBroker(options: SystemOptions, random: Random, deliveries: Deliveries): BrokerServer {
  const { scheduler, seed, faults, record, coverage } = options;
  const queues = createQueues({
    topology,
    scheduler,
    random: createRandom(`${String(seed)} queues`),
    faults: faults.broker,
  });
  return createBrokerServer({
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
}
