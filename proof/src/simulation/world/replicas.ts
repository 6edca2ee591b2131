/**
 * The processes of the services, two of each: they start, are asked to stop, die, and are started again after a while.
 */
import { STOP_TIMEOUT_MS } from '@quadrille/service-chassis/src/lifecycle/run';
import type { Handled, Input } from '@quadrille/service-chassis';
import type { OrderCommand, OrderState } from '@quadrille/order-service/src/domain/decide';
import type { PaymentInput } from '@quadrille/payment-service/src/domain/messages';
import type { Payment } from '@quadrille/payment-service/src/domain/payment';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { BrokerServer } from '../broker/server';
import type { SimulatedPool } from '../database/pool';
import { world, type Owner, type Scheduler } from '../engine/scheduler';
import type { Random } from '../engine/random';
import type { Asked } from '../workload/requests';
import { startInventory, startNotification, startOrder, startPayment, type Parts } from './processes';

/** One running process of a service. */
export interface Replica extends Asked {
  readonly service: ShortName;
  readonly pool: SimulatedPool;
  stopping: boolean;
  /** Undefined until it has begun. */
  stop: (() => Promise<void>) | undefined;
  order: ((input: Input<OrderCommand>) => Promise<Handled<OrderState>>) | undefined;
  payment: ((input: Input<PaymentInput>) => Promise<Handled<Payment>>) | undefined;
}

/** The tables of services that a run replaces, to see whether the mistakes in them are found. */
export interface ReplacedTables {
  readonly inventory?: typeof services.inventory.table;
  readonly payment?: typeof services.payment.table;
}

/** What replicas are started with. */
export interface ReplicasOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly record: (line: string) => void;
  readonly broker: BrokerServer;
  readonly poolOf: (service: ShortName, owner: Owner) => SimulatedPool;
  readonly partsOf: (replica: Replica) => Parts;
  readonly replaced: ReplacedTables | undefined;
}

/** The replicas of a run. */
export interface Replicas {
  /** Those of a service that were not asked to stop. */
  readonly of: (service: ShortName) => readonly Replica[];
  /** Starts two of each service. */
  readonly startAll: () => void;
  /** Asks one to end in order, as SIGTERM does. The run fails when it takes longer than STOP_TIMEOUT_MS. */
  readonly stop: (owner: Owner) => void;
  /** Ends one at once; another is started after a while. */
  readonly crash: (owner: Owner) => void;
}

/** Processes of each service, so that they contend for the same orders. */
const REPLICAS = 2;

/** A process that died is started again after so long, in milliseconds. */
const RESTART_MS = { least: 20, most: 3_000 } as const;

/** Most connections of the dead are found closed at once; some machines vanish without a word. */
const GOODBYE_MS = { least: 1, most: 3 } as const;
const SILENT_DEATH = { share: 0.1, leastMs: 1_000, mostMs: 15_000 } as const;

/** Creates the replicas, none running yet. */
export function createReplicas(options: ReplicasOptions): Replicas {
  const { scheduler, record, poolOf, partsOf, replaced } = options;
  const running = new Set<Replica>();
  let births = 0;
  const find = (owner: Owner) => [...running].find((each) => each === owner);

  const start = (service: ShortName) => {
    const owner: Owner = { name: `${services[service].table.name}#${String(++births)}`, alive: true };
    const replica: Replica = Object.assign(owner, {
      service,
      pool: poolOf(service, owner),
      stopping: false,
      stop: undefined,
      order: undefined,
      payment: undefined,
      pending: new Set<(error: Error) => void>(),
    });
    running.add(replica);
    record(`${replica.name} starts`);
    const parts = partsOf(replica);
    scheduler.after(0, replica, () => {
      begin(replica, parts, replaced);
    });
  };

  const end = (owner: Owner, how: string) => {
    const replica = find(owner);
    if (!replica) return;
    record(`${replica.name} ${how}`);
    replica.alive = false;
    running.delete(replica);
    sayGoodbye(replica, options);
    scheduler.after(options.random.between(RESTART_MS.least, RESTART_MS.most), world, () => {
      start(replica.service);
    });
  };

  const stop = (owner: Owner) => {
    const replica = find(owner);
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

  return {
    of: (service) => [...running].filter((replica) => replica.service === service && !replica.stopping),
    startAll: () => {
      for (let index = 0; index < REPLICAS; index++) shortNames.forEach(start);
    },
    stop,
    crash: (owner) => {
      end(owner, 'dies');
    },
  };
}

/** Starts the service in a process that has just come up. */
function begin(replica: Replica, parts: Parts, replaced: ReplacedTables | undefined): void {
  switch (replica.service) {
    case 'order':
      ({ stop: replica.stop, command: replica.order } = startOrder(parts));
      return;
    case 'inventory':
      ({ stop: replica.stop } = startInventory(parts, replaced?.inventory));
      return;
    case 'payment':
      ({ stop: replica.stop, command: replica.payment } = startPayment(parts, replaced?.payment));
      return;
    case 'notification':
      ({ stop: replica.stop } = startNotification(parts));
  }
}

/** Closes the connections of a process that is gone, at once or after a silence, and fails the requests that it had. */
function sayGoodbye(replica: Replica, { scheduler, random, broker }: ReplicasOptions): void {
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
}
