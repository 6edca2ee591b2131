/** Faults that happen at their time: each is one row of a table, by its kind. */
import { world, type Owner, type Scheduler } from '../engine/scheduler';
import type { Random } from '../engine/random';
import type { Coverage, Situation } from '../checkers/coverage';
import type { Poison } from '../checkers/poison';
import type { ShortName } from '@quadrille/operator/src/services';
import type { ArmedKind } from './armed-faults';
import type { Bindings } from './bindings';
import { durationOf, type Fault, type FaultKind } from './fault-plan';

/** What faults can do to the system. */
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
  /** Does something to a connection of this service. Returns whether there was one. */
  toConnection(service: ShortName, what: ConnectionFault, draw: number): boolean;
  blockBroker(forMs: number): void;
  plant(service: ShortName, poison: Poison): void;
}

/** What may be done to a connection to the broker. */
export type ConnectionFault = 'cut' | 'silence' | 'close channel' | 'cancel consumer';

/** What the table of faults works with. */
export interface TimedFaultsOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly victims: Victims;
  readonly bindings: Bindings;
  readonly isOver: () => boolean;
  /** Called with each fault when it happens. */
  readonly onHappened: (fault: Fault) => void;
}

/** Outages that last for a while, as the broker and the gateway ask for them. */
export interface Outages {
  /** Publishes that the broker still refuses. */
  publishesToRefuse: number;
  /** How many faults hold the gateway down: they may overlap. */
  gatewayDown: number;
}

type TimedKind = Exclude<FaultKind, ArmedKind>;
type Happen = (fault: Fault) => void;

/** Builds rows of the table. */
interface Rows {
  /** A fault that always finds what it strikes. */
  readonly always: (situation: Situation, happens: Happen) => Happen;
  /** A fault of a process; it tries again later when none of its service is running. */
  readonly ofProcess: (situation: Situation, happens: (owner: Owner, fault: Fault) => void) => Happen;
  /** A fault of a connection; it tries again later when its service has none. */
  readonly ofConnection: (situation: Situation, what: ConnectionFault) => Happen;
}

/** One outage of the gateway in so many is longer than an order's deadline. */
const LONG_OUTAGE_SHARE = 0.02;
const LONG_OUTAGE_MS = 75_000;

/** Of the processes that are asked to stop, this share loses its database at that moment. */
const STOP_WITHOUT_DATABASE_SHARE = 0.5;

/** A fault that finds nothing to strike tries again after this time. */
const AGAIN_MS = 100;

/** Publishes that are refused at most, once they are. */
const REFUSED_MAX = 30;

/**
 * Creates the faults that happen at their time. `happen` returns false for a kind that waits for an opportunity
 * instead.
 */
export function createTimedFaults(options: TimedFaultsOptions): {
  readonly happen: (fault: Fault) => boolean;
  readonly outages: Outages;
} {
  const outages: Outages = { publishesToRefuse: 0, gatewayDown: 0 };
  const rows = rowsOf(options, (fault) => {
    options.scheduler.after(AGAIN_MS, world, () => {
      if (!options.isOver()) happen(fault);
    });
  });
  const table: Readonly<Record<TimedKind, Happen>> = {
    ...processFaults(rows, options),
    ...databaseFaults(rows, options),
    ...brokerFaults(rows, options, outages),
    ...connectionFaults(rows),
    ...gatewayFaults(rows, options, outages),
    ...messageFaults(rows, options),
  };
  const byKind: Readonly<Partial<Record<FaultKind, Happen>>> = table;
  const happen = (fault: Fault): boolean => {
    const row = byKind[fault.kind];
    row?.(fault);
    return row !== undefined;
  };
  return { happen, outages };
}

function rowsOf({ coverage, victims, onHappened }: TimedFaultsOptions, tryAgain: Happen): Rows {
  const count = (fault: Fault, situation: Situation) => {
    onHappened(fault);
    coverage.count(situation);
  };
  return {
    always: (situation, happens) => (fault) => {
      count(fault, situation);
      happens(fault);
    },
    ofProcess: (situation, happens) => (fault) => {
      const [owner] = victims.replicas(fault.service);
      if (!owner) {
        tryAgain(fault);
        return;
      }
      count(fault, situation);
      happens(owner, fault);
    },
    ofConnection: (situation, what) => (fault) => {
      if (victims.toConnection(fault.service, what, fault.draw)) count(fault, situation);
      else tryAgain(fault);
    },
  };
}

const processFaults = ({ ofProcess }: Rows, { victims, random }: TimedFaultsOptions) => ({
  'crash at any moment': ofProcess('a process died at any moment', victims.crash),
  'graceful stop': ofProcess('a process was asked to stop', (owner, fault) => {
    victims.stop(owner);
    if (random.chance(STOP_WITHOUT_DATABASE_SHARE)) victims.stopDatabase(fault.service, durationOf(fault));
  }),
});

const databaseFaults = ({ always }: Rows, { victims }: TimedFaultsOptions) => ({
  'database down': always('the database was down', (fault) => {
    victims.stopDatabase(fault.service, durationOf(fault));
  }),
  'database frozen': always('the database was frozen', (fault) => {
    victims.freezeDatabase(fault.service, durationOf(fault));
  }),
});

const brokerFaults = (
  { always }: Rows,
  { victims, bindings, onHappened }: TimedFaultsOptions,
  outages: Pick<Outages, 'publishesToRefuse'>,
) => ({
  'broker down': always('the broker was down', (fault) => {
    victims.stopBroker(durationOf(fault));
  }),
  'broker blocks': always('the broker blocked publishes', (fault) => {
    victims.blockBroker(durationOf(fault));
  }),
  // Counted for each publish that is refused.
  'broker refuses publishes': (fault: Fault) => {
    onHappened(fault);
    outages.publishesToRefuse += 1 + Math.floor(fault.draw * REFUSED_MAX);
  },
  'binding missing': always('a binding was missing', (fault) => {
    bindings.loseOne(fault.service, durationOf(fault));
  }),
  'event unbound': always('nobody was bound to an event', (fault) => {
    bindings.loseEvent(durationOf(fault));
  }),
});

const connectionFaults = ({ ofConnection }: Rows) => ({
  'broker cuts connection': ofConnection('the broker cut a connection', 'cut'),
  'broker connection silent': ofConnection('a connection to the broker fell silent', 'silence'),
  'broker closes channel': ofConnection('the broker closed a channel', 'close channel'),
  'broker cancels consumer': ofConnection('the broker cancelled a consumer', 'cancel consumer'),
});

const gatewayFaults = ({ always }: Rows, { scheduler }: TimedFaultsOptions, outages: Pick<Outages, 'gatewayDown'>) => ({
  'gateway down': always('the gateway was down', (fault) => {
    outages.gatewayDown += 1;
    scheduler.after(fault.draw < LONG_OUTAGE_SHARE ? LONG_OUTAGE_MS : durationOf(fault), world, () => {
      outages.gatewayDown -= 1;
    });
  }),
});

const messageFaults = ({ always }: Rows, { victims }: TimedFaultsOptions) => ({
  'unreadable message': always('a message could not be read', ({ service }) => {
    victims.plant(service, 'unreadable');
  }),
  'failing message': always('a message failed every time', ({ service }) => {
    victims.plant(service, 'failing');
  }),
  'deadly message': always('a message took its process down every time', ({ service }) => {
    victims.plant(service, 'deadly');
  }),
});
