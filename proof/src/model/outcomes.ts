/** How it may end: every one of these is reached, and no other. */

/** What is written between the outcomes of two orders. */
export const BETWEEN_ORDERS = '  +  ';

/** What one order may come to. */
export const legalOutcomes: readonly string[] = [
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

const isSold = (outcome: string) => outcome.includes('COMMITTED');
const heldTheUnit = (outcome: string) => isSold(outcome) || outcome.includes('RELEASED');
const wasTurnedAway = (outcome: string) => outcome.includes('UNAVAILABLE');

/**
 * What two orders for one unit may come to: it is sold once at most, and who was turned away had the other before them.
 */
export const legalPairs: readonly string[] = legalOutcomes.flatMap((a, index) =>
  legalOutcomes
    .slice(index)
    .filter((b) => !(isSold(a) && isSold(b)))
    .filter((b) => (!wasTurnedAway(a) || heldTheUnit(b)) && (!wasTurnedAway(b) || heldTheUnit(a)))
    .map((b) => [a, b].join(BETWEEN_ORDERS)),
);
