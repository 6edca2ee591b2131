/** How to run a scenario again from the command line. */
import { createScenario, type Noise, type Scenario } from './faults/fault-plan';

const listOf = (items: readonly (string | number)[]) => (items.length === 0 ? 'none' : items.join(','));

/** The options that make this very scenario; the shortest that do. */
export function replayOptions({ seed, orders, of, faults, noises }: Scenario): string {
  const whole = createScenario(seed, of);
  return [
    `--orders ${String(orders)} --seed ${String(seed)}`,
    ...(of === orders ? [] : [`--of ${String(of)}`]),
    ...(faults.length === whole.faults.length ? [] : [`--faults ${listOf(faults.map(({ number }) => number))}`]),
    ...(noises.length === whole.noises.length
      ? []
      : [`--noises ${listOf(noises.map((noise) => noise.replaceAll(' ', '-')))}`]),
  ].join(' ');
}

/** What the options say. */
export interface ReplayOptions {
  readonly orders: number;
  readonly seed: number;
  readonly of: number | undefined;
  readonly faults: string | undefined;
  readonly noises: string | undefined;
}

const namesOf = (text: string) => (text === 'none' ? [] : text.split(','));

/** The scenario that options describe. Throws for a fault or a noise that there is none of. */
export function scenarioOf({ orders, seed, of = orders, faults, noises }: ReplayOptions): Scenario {
  const whole = createScenario(seed, of);
  const fault = (number: string) => {
    const found = whole.faults[Number(number)];
    if (!found)
      throw new Error(`--faults: there is no fault ${number}; there are ${String(whole.faults.length)}, from 0.`);
    return found;
  };
  const noise = (name: string): Noise => {
    const found = whole.noises.find((each) => each.replaceAll(' ', '-') === name);
    if (!found)
      throw new Error(
        `--noises: there is no ${name}; there are ${whole.noises.join(', ').replaceAll(/(\w) (\w)/g, '$1-$2')}.`,
      );
    return found;
  };
  return {
    ...whole,
    orders,
    ...(faults === undefined ? {} : { faults: namesOf(faults).map(fault) }),
    ...(noises === undefined ? {} : { noises: namesOf(noises).map(noise) }),
  };
}
