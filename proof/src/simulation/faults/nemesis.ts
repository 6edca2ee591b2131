/** Makes the faults of a scenario happen: some at their time, others at the next opportunity after it. */
import type { Owner, Scheduler } from '../engine/scheduler';
import { world } from '../engine/scheduler';
import type { BrokerFaults } from '../broker/broker';
import type { DatabaseFaults } from '../database/session';
import type { GatewayFaults } from '../world/gateway';
import { createBindings } from './bindings';
import { createNetworkNoise } from './network-noise';
import { durationOf, type Fault, type FaultKind, type Scenario } from './fault-plan';
import type { Poison } from '../checkers/poison';
import type { Random } from '../engine/random';
import type { Coverage } from '../checkers/coverage';
import { services, type ShortName } from '@quadrille/operator/src/services';

/** What trouble can do to the system. */
export interface Victims {
  /** Ends the process of this owner. */
  readonly crash: (owner: Owner) => void;
  /** Asks it to end. */
  stop(owner: Owner): void;
  /** The running processes of a service. */
  replicas(service: ShortName): readonly Owner[];
  stopDatabase(service: ShortName, forMs: number): void;
  freezeDatabase(service: ShortName, forMs: number): void;
  stopBroker(forMs: number): void;
  /** Does something to a connection of this service. Answers whether there was one. */
  toConnection(
    service: ShortName,
    what: 'cut' | 'silence' | 'close channel' | 'cancel consumer',
    draw: number,
  ): boolean;
  blockBroker(forMs: number): void;
  plant(service: ShortName, poison: Poison): void;
}

/** Trouble, as the servers ask for it. */
export interface Nemesis {
  readonly database: DatabaseFaults;
  readonly broker: BrokerFaults;
  readonly gateway: GatewayFaults;
  /** Something is about to leave a process, which may die here. */
  readonly leaving: (owner: Owner, what: 'publish' | 'ack') => void;
  /** No further fault happens. */
  calm(): void;
}

/** What may happen to a COMMIT: whether its process dies of it, how it ends, and what that is counted as. */
const COMMIT_FAULTS = [
  {
    kind: 'crash before commit',
    crashes: true,
    ends: 'lost before',
    situation: 'a process died before a COMMIT',
  },
  { kind: 'crash after commit', crashes: true, ends: 'lost after', situation: 'a process died after a COMMIT' },
  { kind: 'commit fails', crashes: false, ends: 'fails', situation: 'a COMMIT was refused' },
  {
    kind: 'commit lost before',
    crashes: false,
    ends: 'lost before',
    situation: 'a COMMIT was lost with its connection',
  },
  {
    kind: 'commit lost after',
    crashes: false,
    ends: 'lost after',
    situation: 'a COMMIT happened and nobody heard of it',
  },
] as const;

/** One outage of the gateway in so many is longer than an order's deadline. */
const LONG_OUTAGE_SHARE = 0.02;
const LONG_OUTAGE_MS = 75_000;

/** Of the processes that are asked to stop, this share loses its database at that moment. */
const STOP_WITHOUT_DATABASE_SHARE = 0.5;

/** A fault that finds nobody to strike looks again after this time. */
const AGAIN_MS = 100;

/** Publishes that are refused at most, once they are. */
const REFUSED_MAX = 30;

/** Prepares the trouble of a scenario. */
export function createNemesis(options: {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly victims: Victims;
  readonly record: (line: string) => void;
}): Nemesis {
  const { scenario, scheduler, random, coverage, victims, record } = options;
  const armed = new Map<FaultKind, { readonly fault: Fault; skip: number }[]>();
  let over = false;
  let refusing = 0;
  let gatewayDown = 0;
  const bindings = createBindings(scheduler, random);
  const networkNoise = createNetworkNoise({ noises: scenario.noises, random, coverage, isOver: () => over });

  const happened = (fault: Fault) => {
    record(`fault ${fault.kind} ${fault.service}`);
  };

  /** The fault of this kind whose opportunity this is, if any. */
  const take = (kind: FaultKind, owner: Owner): Fault | undefined => {
    const candidates = armed.get(kind);
    if (candidates === undefined || candidates.length === 0 || over) return undefined;
    const index = candidates.findIndex(({ fault }) => owner.name.startsWith(services[fault.service].table.name));
    const candidate = candidates[index];
    if (!candidate || candidate.skip-- > 0) return undefined;
    candidates.splice(index, 1);
    happened(candidate.fault);
    return candidate.fault;
  };

  const dies = (kind: FaultKind, owner: Owner): boolean => {
    if (!take(kind, owner)) return false;
    victims.crash(owner);
    return true;
  };

  const now = (fault: Fault, situation: Parameters<Coverage['count']>[0]) => {
    happened(fault);
    coverage.count(situation);
  };

  /** There was nobody to strike. */
  const again = (fault: Fault) => {
    scheduler.after(AGAIN_MS, world, () => {
      if (!over) happen(fault);
    });
  };

  const strike = (fault: Fault, situation: Parameters<Coverage['count']>[0], happensTo: (owner: Owner) => void) => {
    const [owner] = victims.replicas(fault.service);
    if (!owner) {
      again(fault);
      return;
    }
    now(fault, situation);
    happensTo(owner);
  };

  const breakConnection = (
    fault: Fault,
    what: Parameters<Victims['toConnection']>[1],
    situation: Parameters<Coverage['count']>[0],
  ) => {
    if (victims.toConnection(fault.service, what, fault.draw)) now(fault, situation);
    else again(fault);
  };

  const stopGateway = (fault: Fault) => {
    now(fault, 'the gateway was down');
    gatewayDown += 1;
    scheduler.after(fault.draw < LONG_OUTAGE_SHARE ? LONG_OUTAGE_MS : durationOf(fault), world, () => {
      gatewayDown -= 1;
    });
  };

  const happen = (fault: Fault) => {
    const { kind, service } = fault;
    const lastsMs = durationOf(fault);
    switch (kind) {
      case 'crash at any moment':
        strike(fault, 'a process died at any moment', victims.crash);
        return;
      case 'graceful stop':
        strike(fault, 'a process was asked to stop', (owner) => {
          victims.stop(owner);
          if (random.chance(STOP_WITHOUT_DATABASE_SHARE)) victims.stopDatabase(service, lastsMs);
        });
        return;
      case 'database down':
        now(fault, 'the database was down');
        victims.stopDatabase(service, lastsMs);
        return;
      case 'database frozen':
        now(fault, 'the database was frozen');
        victims.freezeDatabase(service, lastsMs);
        return;
      case 'broker down':
        now(fault, 'the broker was down');
        victims.stopBroker(lastsMs);
        return;
      case 'broker cuts connection':
        breakConnection(fault, 'cut', 'the broker cut a connection');
        return;
      case 'broker connection silent':
        breakConnection(fault, 'silence', 'a connection to the broker fell silent');
        return;
      case 'broker closes channel':
        breakConnection(fault, 'close channel', 'the broker closed a channel');
        return;
      case 'broker cancels consumer':
        breakConnection(fault, 'cancel consumer', 'the broker cancelled a consumer');
        return;
      case 'broker blocks':
        now(fault, 'the broker blocked publishes');
        victims.blockBroker(lastsMs);
        return;
      case 'broker refuses publishes':
        happened(fault);
        refusing += 1 + Math.floor(fault.draw * REFUSED_MAX);
        return;
      case 'binding missing':
        now(fault, 'a binding was missing');
        bindings.loseOne(service, lastsMs);
        return;
      case 'event unbound':
        now(fault, 'nobody was bound to an event');
        bindings.loseEvent(lastsMs);
        return;
      case 'gateway down':
        stopGateway(fault);
        return;
      case 'unreadable message':
        now(fault, 'a message could not be read');
        victims.plant(service, 'unreadable');
        return;
      case 'failing message':
        now(fault, 'a message failed every time');
        victims.plant(service, 'failing');
        return;
      case 'deadly message':
        now(fault, 'a message took its process down every time');
        victims.plant(service, 'deadly');
        return;
      default:
        armed.set(kind, [...(armed.get(kind) ?? []), { fault, skip: fault.skip }]);
    }
  };

  for (const fault of scenario.faults) {
    scheduler.after(fault.atMs, world, () => {
      if (!over) happen(fault);
    });
  }

  return {
    database: {
      commit: (owner) => {
        for (const { kind, crashes, ends, situation } of COMMIT_FAULTS) {
          if (!(crashes ? dies(kind, owner) : take(kind, owner))) continue;
          coverage.count(situation);
          return ends;
        }
        return undefined;
      },
      statement: (owner) => {
        if (!take('statement lost', owner)) return false;
        coverage.count('a statement was lost with its connection');
        return true;
      },
    },
    broker: {
      carry: networkNoise.carry,
      refuses: () => {
        if (refusing === 0) return false;
        refusing -= 1;
        coverage.count('a publish was refused');
        return true;
      },
      isBound: (queue, _exchange, routingKey) => bindings.isBound(queue, routingKey),
    },
    gateway: {
      call: (owner) => {
        if (gatewayDown > 0) return undefined;
        if (dies('crash during gateway call', owner)) coverage.count('a process died while the gateway was asked');
        return networkNoise.call();
      },
    },
    leaving: (owner, what) => {
      if (what === 'publish') {
        if (dies('crash while publishing', owner)) coverage.count('a process died while publishing');
      } else if (dies('crash before ack', owner)) coverage.count('a process died before an acknowledgement');
    },
    calm: () => {
      over = true;
      refusing = 0;
    },
  };
}
