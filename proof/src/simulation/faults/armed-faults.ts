/**
 * Faults that wait for an opportunity: armed at their time, each lets some opportunities pass and takes the next one.
 */
import type { Owner } from '../engine/scheduler';
import { services } from '@quadrille/operator/src/services';
import type { Fault, FaultKind } from './fault-plan';

/** Kinds that wait for an opportunity: a COMMIT, a statement, a publish, an acknowledgement, a call of the gateway. */
export type ArmedKind = Extract<
  FaultKind,
  | 'crash before commit'
  | 'crash after commit'
  | 'crash while publishing'
  | 'crash before ack'
  | 'crash during gateway call'
  | 'commit fails'
  | 'commit lost before'
  | 'commit lost after'
  | 'statement lost'
>;

/** The armed faults of a run. */
export interface ArmedFaults {
  /** Arms a fault, behind those of its kind that are armed already. */
  readonly arm: (fault: Fault) => void;
  /** Offers an opportunity. Returns whether a fault of this kind takes it; such a fault is gone. */
  readonly take: (kind: ArmedKind, owner: Owner) => boolean;
}

/** Creates the armed faults, none yet. `onTaken` is called with each fault that takes its opportunity. */
export function createArmedFaults(isOver: () => boolean, onTaken: (fault: Fault) => void): ArmedFaults {
  const armed = new Map<FaultKind, { readonly fault: Fault; skip: number }[]>();
  return {
    arm: (fault) => {
      armed.set(fault.kind, [...(armed.get(fault.kind) ?? []), { fault, skip: fault.skip }]);
    },
    take: (kind, owner) => {
      const candidates = armed.get(kind);
      if (candidates === undefined || candidates.length === 0 || isOver()) return false;
      const index = candidates.findIndex(({ fault }) => owner.name.startsWith(services[fault.service].table.name));
      const candidate = candidates[index];
      if (!candidate || candidate.skip-- > 0) return false;
      candidates.splice(index, 1);
      onTaken(candidate.fault);
      return true;
    },
  };
}
