/**
 * npm run mutate: changes every decision in every small way, one at a time, and counts the changes that no test
 * notices.
 */
import { MUST_SCORE, mutateDomains, scoreOf, type Mutation } from '../mutate/mutate';
import { services, shortNames } from '@quadrille/operator/src/services';
import { readCommandLine, runCommand } from '@quadrille/operator/src/command-line';

const names: readonly string[] = shortNames.map((short) => services[short].table.name);
const usage = `npm run mutate -- [service ...]
  service   ${names.join(', ')} (all of them)`;

const percent = (score: number) => `${(score * 100).toFixed(1)} %`;

/** Prints a score and what survived. Returns whether the score is high enough. */
function report(name: string, mutations: readonly Mutation[], survivors: readonly Mutation[]): boolean {
  const score = scoreOf(mutations);
  const isEnough = score >= MUST_SCORE;
  const survived = mutations.filter((mutation) => mutation.survived).length;
  const counts = `${String(mutations.length)} mutants, ${String(survived)} survived`;
  process.stdout.write(`  ${isEnough ? '✓' : '✗'} ${name.padEnd(21)}${percent(score).padStart(8)}   ${counts}\n`);
  for (const { where, replacement } of survivors) process.stdout.write(`      ${where}: ${replacement}\n`);
  return isEnough;
}

/** Mutates the domain folders that were asked for; exit status 1 when a score is too low. */
async function main(): Promise<void> {
  const { positionals } = readCommandLine(usage, { allowPositionals: true });
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${unknown}.\n${usage}`);
  const chosen = positionals.length > 0 ? positionals : names;
  const mutations = await mutateDomains(chosen);
  process.stdout.write(`\nChanges that the tests noticed (at least ${percent(MUST_SCORE)})\n`);
  const verdicts = chosen.map((name) => {
    const own = mutations.filter(({ service }) => service === name);
    return report(
      name,
      own,
      own.filter(({ survived }) => survived),
    );
  });
  verdicts.push(report('all', mutations, []));
  process.stdout.write('\n  What survived is explained in docs/mutation-testing.md.\n\n');
  process.exitCode = verdicts.includes(false) ? 1 : 0;
}

runCommand(main);
