/** What the simulated bank decides about a charge: a pure function of its ledger's entry, the method and a draw. */
import type { ChargeAnswer, ResolveAnswer } from '../../domain/messages';

/** An entry of the bank's ledger of charges. */
export interface ChargeEntry {
  readonly status: 'open' | 'charged' | 'declined' | 'void';
  /** How often it was asked to charge while open. */
  readonly calls: number;
}

/** What the bank does: the entry as it then is, and the answer (`lost`: charged, but nobody hears of it). */
export interface ChargeOutcome {
  readonly entry: ChargeEntry;
  readonly answer: ChargeAnswer | 'lost';
}

const FLAKY = /^tok_flaky_(\d{1,2})$/;

/** Decides about a charge. `draw` is random in [0, 1); `tok_visa` is processed when it is below the success rate. */
export function decideCharge(
  found: ChargeEntry | undefined,
  method: string,
  draw: number,
  successRate: number,
): ChargeOutcome {
  const entry = found ?? { status: 'open', calls: 0 };
  if (entry.status === 'charged') return { entry, answer: 'charged' };
  // A voided charge is refused for ever: a request that was given up may land late and must find it so.
  if (entry.status !== 'open') return { entry, answer: 'declined' };
  const calls = entry.calls + 1;
  const charged = { entry: { status: 'charged', calls }, answer: 'charged' } as const;
  const declined = { entry: { status: 'declined', calls }, answer: 'declined' } as const;
  const notProcessed = { entry: { status: 'open', calls }, answer: 'not processed' } as const;
  const failures = FLAKY.exec(method)?.[1];
  if (failures !== undefined) return calls <= Number(failures) ? notProcessed : charged;
  switch (method) {
    case 'tok_success':
      return charged;
    case 'tok_unavailable':
      return notProcessed;
    case 'tok_timeout':
      return { ...charged, answer: 'lost' };
    case 'tok_visa':
      return draw < successRate ? charged : notProcessed;
    default:
      return declined; // tok_decline, and whatever the bank has never heard of
  }
}

/** Decides what became of a charge; one that came to nothing is void from now on. */
export function decideResolve(found: ChargeEntry | undefined): {
  readonly entry: ChargeEntry;
  readonly answer: ResolveAnswer;
} {
  const entry = found ?? { status: 'open', calls: 0 };
  if (entry.status === 'open') return { entry: { ...entry, status: 'void' }, answer: 'void' };
  return { entry, answer: entry.status };
}
