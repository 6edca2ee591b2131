/**
 * npm run model: explores one order, and two that contend for the last unit, exhaustively over the services' own
 * decisions; then shows that every mutant is caught.
 */
import { diagram } from '../model/diagram';
import { explore, type Exploration, type Violation } from '../model/explore';
import { contentionMutants, mutants, protocol, type Mutant } from '../model/mutants';
import { legalOutcomes, legalPairs } from '../model/outcomes';
import { oneOrder, twoOrders } from '../model/systems';

if (process.argv.length > 2) {
  process.stderr.write('npm run model takes no options: it explores everything, in some two minutes.\n');
  process.exit(2);
}

const count = (n: number) => n.toLocaleString('en-US');
const indent = (lines: readonly string[]) => lines.map((line) => `      ${line}`).join('\n');

const MICROSECONDS_PER_S = 1_000_000;
const MS_PER_S = 1_000;

/** What an exploration found, and what it cost. */
function timed(run: () => Exploration): readonly [Exploration, string] {
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  const exploration = run();
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsed = ((performance.now() - started) / MS_PER_S).toFixed(1);
  return [exploration, `${elapsed} s, CPU ${((user + system) / MICROSECONDS_PER_S).toFixed(1)} s`];
}

const draw = ({ what, states, trace }: Violation) =>
  `  ✗ ${what} (${count(states)} states); the shortest way there:\n\n${indent(diagram(trace))}\n`;

/** Prints what was found. Returns whether all is well. */
function report(title: string, legal: readonly string[], run: () => Exploration): boolean {
  const [{ states, transitions, outcomes, violations }, cost] = timed(run);
  const missed = legal.filter((outcome) => !outcomes.has(outcome));
  const illegal = [...outcomes.keys()].filter((outcome) => !legal.includes(outcome));
  console.log(`\n${title}`);
  console.log(`  ${count(states)} states, ${count(transitions)} transitions, ${count(violations.length)} violations`);
  console.log(`  ${count(legal.length - missed.length)} of ${count(legal.length)} legal outcomes reached  (${cost})`);
  for (const [outcome, resting] of [...outcomes].sort()) console.log(`    ${outcome}  (${count(resting)})`);
  for (const outcome of missed) console.log(`  ✗ never reached: ${outcome}`);
  for (const outcome of illegal) console.log(`  ✗ not legal: ${outcome}`);
  for (const violation of violations) console.log(draw(violation));
  return violations.length === 0 && missed.length === 0 && illegal.length === 0;
}

/** Whether a mutant was caught. */
function catches({ name, idea }: Mutant, run: () => Exploration): boolean {
  const [{ violations }] = timed(run);
  const [first] = violations;
  const steps = first ? `${first.what}, after ${count(first.trace.moments.length)} steps` : 'was NOT caught';
  console.log(`  ${first ? '✓' : '✗'} ${name}: "${idea}"\n      ${steps}`);
  return first !== undefined;
}

console.log('\norder | reservation | payment | money, of the states at rest (how many)');
const holds = [
  report('One order; messages late, repeated, in any order; answers and services lost', legalOutcomes, () =>
    explore(oneOrder(protocol.reliable)),
  ),
  report('The same, and any one delivery vanishes for ever', legalOutcomes, () => explore(oneOrder(protocol.lossy))),
  report('Two orders for the last unit; charged or declined, cancelled, handed over, refunded', legalPairs, () =>
    explore(twoOrders(protocol.contended)),
  ),
];
console.log('\nMistakes that must be caught');
const caught = [
  ...mutants.map((mutant) => catches(mutant, () => explore(oneOrder(mutant.rules), { firstViolation: true }))),
  ...contentionMutants.map((mutant) =>
    catches(mutant, () => explore(twoOrders(mutant.rules), { firstViolation: true })),
  ),
];
const failed = [...holds, ...caught].includes(false);
console.log(failed ? '\nThe protocol does not hold.\n' : '\nThe protocol holds; every mistake was caught.\n');
process.exitCode = failed ? 1 : 0;
