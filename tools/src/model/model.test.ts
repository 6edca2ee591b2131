import { explore } from './explore';
import { mutants, protocol } from './mutants';

/** What one order may come to: every line reached, and no other. */
const legal = [
  'CANCELLED | RELEASED | FAILED | money none',
  'CANCELLED | RELEASED | REFUNDED | money refunded',
  'CANCELLED | RELEASED | VOIDED | money none',
  'CANCELLED | TOMBSTONE | VOIDED | money none',
  'CANCELLED | UNAVAILABLE | VOIDED | money none',
  'COMPLETED | COMMITTED | SUCCEEDED | money kept',
  'CONFIRMED | COMMITTED | SUCCEEDED | money kept',
  'FAILED | RELEASED | FAILED | money none',
  'REFUNDED | COMMITTED | REFUNDED | money refunded',
  'REJECTED | UNAVAILABLE | NONE | money none',
];

it('every way an order can go ends well, and every legal end is reached', () => {
  const { violations, outcomes, worlds } = explore(protocol.reliable);
  expect(violations).toEqual([]);
  expect([...outcomes.keys()].sort()).toEqual(legal);
  expect(worlds).toBeGreaterThan(1_000);
});

it.each(mutants.filter(({ rules }) => !rules.lossy))('catches $name', ({ rules }) => {
  expect(explore(rules).violations).not.toEqual([]);
});
