/** npm run model: explores one order exhaustively over the services' own decisions, then shows that every mutant is caught. */
import { explore, type Exploration, type Violation } from '../model/explore';
import { mutants, protocol } from '../model/mutants';

const count = (n: number) => n.toLocaleString('en-US');

function timed(rules: Parameters<typeof explore>[0]): readonly [Exploration, string] {
  const started = performance.now();
  const exploration = explore(rules);
  return [exploration, `${((performance.now() - started) / 1_000).toFixed(1)} s`];
}

const diagram = ({ what, worlds, trace }: Violation) =>
  [
    `  ✗ ${what} (${count(worlds)} states); the shortest way there:`,
    ...trace.map((label, index) => `      ${String(index + 1).padStart(2)}. ${label}`),
  ].join('\n');

let failed = false;
for (const [title, rules] of [
  ['One order; messages late, repeated, in any order; answers and services lost', protocol.reliable],
  ['The same, and any one delivery vanishes for ever', protocol.lossy],
] as const) {
  const [{ worlds, transitions, outcomes, violations }, seconds] = timed(rules);
  console.log(
    `\n${title}\n  ${count(worlds)} states, ${count(transitions)} transitions, ${count(violations.length)} violations  (${seconds})`,
  );
  console.log('  order | reservation | payment | money, at rest');
  for (const [outcome, states] of [...outcomes].sort()) console.log(`    ${outcome}  (${count(states)})`);
  for (const violation of violations) console.log(diagram(violation));
  failed ||= violations.length > 0;
}
console.log('\nMistakes that must be caught');
for (const { name, idea, rules } of mutants) {
  const [{ violations }] = timed(rules);
  const [first] = [...violations].sort((a, b) => a.trace.length - b.trace.length);
  console.log(
    `  ${first ? '✓' : '✗'} ${name}: "${idea}"${first ? `\n      ${first.what}\n      ${first.trace.join(' > ')}` : ' was NOT caught'}`,
  );
  failed ||= first === undefined;
}
console.log(failed ? '\nThe protocol does not hold.\n' : '\nThe protocol holds; every mistake was caught.\n');
process.exitCode = failed ? 1 : 0;
