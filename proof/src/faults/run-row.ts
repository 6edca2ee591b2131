/** Runs one row: load, fault, recovery, rest, verdict. */
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '@quadrille/operator/src/verify/report';
import { parkedIn } from '@quadrille/operator/src/verify/rules';
import { verify } from '@quadrille/operator/src/verify/verify';
import { startLoad } from './customers';
import { eventually } from '@quadrille/test-kit/src/eventually';
import { countersOf, entriesSince, markOf } from './journal';
import { measureRecovery } from './recovery';
import type { Evidence, Proof, Result, Row, FaultContext } from './row';
import type { SystemUnderFault } from './system-under-fault';

/** The load before the fault, and after the recovery from it. */
const STEADY_MS = 1_500;

/**
 * How long everything may take to come to rest after the last order: all retries, a resolved charge, nudges, a relay's
 * longest pause.
 */
const REST_WITHIN_MS = 75_000;

/** Products of the load; enough of each for a year of faults, and few enough that orders meet. */
const PRODUCTS = ['acorn-sticker', 'oak-pencil'];

/** Lines of a broken verdict that are shown; the system's own logs have the rest. */
const BREACHES_SHOWN = 4;

/** Opens the products of the load. */
export async function stock(system: SystemUnderFault): Promise<void> {
  for (const product of PRODUCTS) {
    const body = JSON.stringify({ quantity_available: 1_000_000, price: '1.50', name: product, category: 'faults' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${system.services.inventory.url}/inventory/${product}`, {
      method: 'PUT',
      headers,
      body,
    });
    if (!answer.ok) throw new Error(`PUT /inventory/${product}: ${String(answer.status)} ${await answer.text()}`);
  }
}

interface Proven {
  readonly counts: readonly string[];
  readonly missing: readonly string[];
  /** What should have been zero, and was not. */
  readonly excess: readonly string[];
}

const number = (value: number) => Math.round(value).toLocaleString('en-US');

async function prove(proof: Proof, evidence: Evidence): Promise<Proven> {
  const counts: string[] = [];
  const missing: string[] = [];
  const excess: string[] = [];
  for (const [name, claim] of Object.entries(proof)) {
    const figure = typeof claim === 'object' ? claim.none : claim;
    const value = typeof figure === 'number' ? figure : await figure(evidence);
    counts.push(`${number(value)} ${name}`);
    if (typeof claim === 'object' && value > 0) excess.push(`${number(value)} ${name}`);
    if (typeof claim !== 'object' && !(value > 0)) missing.push(name);
  }
  return { counts, missing, excess };
}

/** Empties the parking queues: what a row put there is judged with that row. */
async function emptyParkingQueues({ management, virtualHost, all }: SystemUnderFault): Promise<void> {
  for (const { name } of all) {
    for (const queue of ['dead-letter', 'invalid'])
      await management.request('DELETE', `queues/${virtualHost}/${name}.${queue}/contents`);
  }
}

/** Runs a row on a system at rest. Leaves it at rest when the verdict is `holds`. */
export async function runRow(system: SystemUnderFault, row: Row): Promise<Result> {
  const began = performance.now();
  const files = new Map(system.all.map(({ name, log }) => [name, log]));
  const mark = markOf(files);
  const load = startLoad(system.shop, PRODUCTS);
  const undo: (() => Promise<unknown>)[] = [];
  const recoveries: number[] = [];
  let poison = 0;
  const context: FaultContext = {
    system,
    load,
    recovered: async () => {
      const ms = await measureRecovery(system, PRODUCTS[0] ?? '');
      recoveries.push(ms);
      return ms;
    },
    finally: (work) => undo.unshift(work),
    poison: (messages) => {
      poison += messages;
    },
  };
  let proof: Proof = {};
  let problem: string | undefined;
  try {
    await pause(STEADY_MS);
    proof = await row.inject(context);
    if (recoveries.length === 0) await context.recovered();
    await pause(STEADY_MS);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  for (const work of undo) {
    await work().catch((error: unknown) => {
      problem ??= error instanceof Error ? error.message : String(error);
    });
  }
  await load.stop();
  const busy = await system.rest(REST_WITHIN_MS);
  const verdict = await verify(system.addresses, { requested: [...load.placed.keys()], poison });
  const entries = entriesSince(files, mark);
  const evidence: Evidence = { counters: countersOf(entries), entries, load };
  const { counts, missing, excess } = await prove(proof, evidence);
  problem ??= excess.length > 0 ? `not none: ${excess.join(', ')}` : load.wrong[0];
  const broken = verdict.breaches.length > 0 || verdict.more || busy !== undefined;
  const told = broken
    ? report(verdict)
        .filter((line) => /✗|^ {8}/.test(line))
        .slice(0, BREACHES_SHOWN)
    : [];
  if (busy !== undefined) told.push(`not at rest: ${busy}`);
  await eventually(() => emptyParkingQueues(system), REST_WITHIN_MS);
  return {
    number: row.number,
    verdict: broken ? 'broken' : problem !== undefined ? 'failed' : missing.length > 0 ? 'not proven' : 'holds',
    seen: [
      ...told,
      ...(problem === undefined ? [] : [problem]),
      ...missing.map((name) => `no ${name}`),
      ...counts,
    ].join(', '),
    recoveryMs: recoveries.length === 0 ? null : Math.max(...recoveries),
    absorbed: evidence.counters.absorbed,
    orders: load.placed.size,
    cancelled: load.cancelled(),
    parked: parkedIn(verdict.queues),
    tookMs: performance.now() - began,
  };
}
