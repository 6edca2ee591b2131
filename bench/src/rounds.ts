/**
 * Runs scenarios and ceilings in rounds: each once, then each again, so that a bad minute of the machine affects all
 * alike.
 */
import type { Bench } from './systems/bench';
import type { CeilingFigures } from './ceilings/ceiling';
import { ceilingNames, type CeilingName } from './ceilings/kinds';
import { medians, type Figures } from './measure/figures';
import { summarize, type Results } from './results/results';
import type { Scale, Scenario } from './scenarios/scenario';

/** What to run, how often and how large. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly ceilings: boolean;
  readonly rounds: number;
  readonly scale: Scale;
}

const note = (round: number, name: string, rate: number, unit: string) =>
  process.stderr.write(`  round ${String(round)}  ${name.padEnd(18)} ${rate.toFixed(0).padStart(7)} ${unit}\n`);

/** The results, and the reason for missing ones when something failed. */
export interface Measured extends Pick<Results, 'scenarios' | 'ceilings'> {
  readonly failure: string | undefined;
}

/** Runs the plan and returns medians. A failure ends the run; the earlier results are kept. */
export async function runRounds(bench: Bench, plan: Plan): Promise<Measured> {
  const figures = new Map<string, Figures[]>();
  const ceilings = new Map<CeilingName, CeilingFigures[]>();
  const runOnce = async ({ name, run }: Scenario, round: number) => {
    const result = await run(bench, plan.scale);
    figures.set(name, [...(figures.get(name) ?? []), result]);
    note(round, name, result.orders_per_s, 'orders/s');
  };
  const inRound = (last: boolean, round: number) =>
    plan.scenarios.filter((each) => (each.last ?? false) === last && round <= (each.roundsMax ?? plan.rounds));

  const runAll = async () => {
    for (let round = 1; round <= plan.rounds; round++) {
      for (const scenario of inRound(false, round)) await runOnce(scenario, round);
      for (const name of plan.ceilings ? ceilingNames : []) {
        const result = await (await bench.ceiling()).measure(name);
        ceilings.set(name, [...(ceilings.get(name) ?? []), result]);
        note(round, name, result.per_s, 'a second');
      }
    }
    for (let round = 1; round <= plan.rounds; round++)
      for (const scenario of inRound(true, round)) await runOnce(scenario, round);
  };
  const failure = await runAll().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

  return {
    failure,
    scenarios: Object.fromEntries([...figures].map(([name, each]) => [name, summarize(each)])),
    ceilings: Object.fromEntries([...ceilings].map(([name, each]) => [name, medians(each)])),
  };
}
