/** Makes the faults of a scenario happen: some at their time, others at the next opportunity after it. */
import type { Owner, Scheduler } from '../engine/scheduler';
import { world } from '../engine/scheduler';
import type { BrokerFaults } from '../broker/broker';
import type { DatabaseFaults } from '../database/session-context';
import type { GatewayFaults } from '../world/gateway';
import { createArmedFaults, type ArmedFaults, type ArmedKind } from './armed-faults';
import { createBindings } from './bindings';
import { createNetworkNoise } from './network-noise';
import type { Fault, Scenario } from './fault-plan';
import { createTimedFaults, type Victims } from './timed-faults';
import type { Random } from '../engine/random';
import type { Coverage, Situation } from '../checkers/coverage';

/** The faults of a run, as the servers ask for them. */
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

/** Schedules the faults of a scenario. */
export function createNemesis(options: {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly victims: Victims;
  readonly record: (line: string) => void;
}): Nemesis {
  const { scenario, scheduler, random, coverage, victims, record } = options;
  let over = false;
  const isOver = () => over;
  const onHappened = ({ kind, service }: Fault) => {
    record(`fault ${kind} ${service}`);
  };
  const bindings = createBindings(scheduler, random);
  const networkNoise = createNetworkNoise({ noises: scenario.noises, random, coverage, isOver });
  const armed = createArmedFaults(isOver, onHappened);
  const timed = createTimedFaults({ scheduler, random, coverage, victims, bindings, isOver, onHappened });
  for (const fault of scenario.faults) {
    scheduler.after(fault.atMs, world, () => {
      if (!over && !timed.happen(fault)) armed.arm(fault);
    });
  }

  /** Returns whether a fault of this kind takes the opportunity and ends the process. */
  const dies = (kind: ArmedKind, owner: Owner): boolean => {
    if (!armed.take(kind, owner)) return false;
    victims.crash(owner);
    return true;
  };
  const diesCounted = (kind: ArmedKind, owner: Owner, situation: Situation) => {
    if (dies(kind, owner)) coverage.count(situation);
  };

  return {
    database: databaseFaultsOf(armed, dies, coverage),
    broker: {
      carry: networkNoise.carry,
      refuses: () => {
        if (timed.outages.publishesToRefuse === 0) return false;
        timed.outages.publishesToRefuse -= 1;
        coverage.count('a publish was refused');
        return true;
      },
      isBound: (queue, _exchange, routingKey) => bindings.isBound(queue, routingKey),
    },
    gateway: {
      call: (owner) => {
        if (timed.outages.gatewayDown > 0) return undefined;
        diesCounted('crash during gateway call', owner, 'a process died while the gateway was asked');
        return networkNoise.call();
      },
    },
    leaving: (owner, what) => {
      if (what === 'publish') diesCounted('crash while publishing', owner, 'a process died while publishing');
      else diesCounted('crash before ack', owner, 'a process died before an acknowledgement');
    },
    calm: () => {
      over = true;
      timed.outages.publishesToRefuse = 0;
    },
  };
}

function databaseFaultsOf(
  { take }: ArmedFaults,
  dies: (kind: ArmedKind, owner: Owner) => boolean,
  coverage: Coverage,
): DatabaseFaults {
  return {
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
  };
}
