/** The shortest words that tell some situations from others. */
import type { Facts } from './asked';

/** Some facts of many: a situation fits when it has all of them. */
type Pattern = Facts;

const fits = (pattern: Pattern, facts: Facts) =>
  Object.entries(pattern).every(([feature, word]) => facts[feature] === word);

const isSame = (a: Pattern, b: Pattern) =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([feature, word]) => b[feature] === word);

/** What of these facts is needed so that none of the others fits. The last facts are given up first. */
function shortest(facts: Facts, others: readonly Facts[]): Pattern {
  let pattern: Pattern = facts;
  for (const feature of Object.keys(facts).reverse()) {
    const shorter = Object.fromEntries(Object.entries(pattern).filter(([name]) => name !== feature));
    if (!others.some((other) => fits(shorter, other))) pattern = shorter;
  }
  return pattern;
}

/** Without the patterns that the remaining ones make superfluous, the most special ones first. */
function withoutSuperfluous(patterns: readonly Pattern[], group: readonly Facts[]): Pattern[] {
  const bySize = [...patterns].sort((a, b) => Object.keys(b).length - Object.keys(a).length);
  let kept: readonly Pattern[] = bySize;
  for (const pattern of bySize) {
    const rest = kept.filter((each) => each !== pattern);
    if (group.every((facts) => rest.some((each) => fits(each, facts)))) kept = rest;
  }
  return patterns.filter((pattern) => kept.includes(pattern));
}

/** Several patterns in words: what they have in common first. */
function inWords(patterns: readonly Pattern[]): string {
  const [first = {}] = patterns;
  const common = Object.entries(first).filter(([feature, word]) =>
    patterns.every((pattern) => pattern[feature] === word),
  );
  const own = patterns.map((pattern) =>
    Object.entries(pattern)
      .filter(([feature]) => !common.some(([name]) => name === feature))
      .map(([, word]) => word),
  );
  const alternatives = own.filter((words) => words.length > 0).map((words) => words.join(' and '));
  const either = alternatives.join(' or ');
  const all = common.map(([, word]) => word).join(', ');
  return all !== '' && either !== '' ? `${all}, and ${either}` : all + either;
}

/**
 * The condition in words under which something is one of `group` and none of `others`; empty when there are no others.
 * Throws when a situation of both has the same facts: then some fact that matters has no words yet.
 */
export function conditionOf(group: readonly Facts[], others: readonly Facts[]): string {
  const patterns: Pattern[] = [];
  for (const facts of group) {
    if (others.some((other) => fits(facts, other)))
      throw new Error(`the same facts lead to different decisions: ${JSON.stringify(facts)}`);
    const pattern = shortest(facts, others);
    if (!patterns.some((known) => isSame(known, pattern))) patterns.push(pattern);
  }
  return inWords(withoutSuperfluous(patterns, group));
}
