import { diagram } from './diagram';
import { explore, type Exploration } from './explore';
import { contentionMutants, mutants, protocol } from './mutants';
import { legalOutcomes, legalPairs } from './outcomes';
import { oneOrder, twoOrders } from './systems';

const reached = ({ outcomes }: Exploration) => [...outcomes.keys()].sort();

it('every way an order can go ends well, and every legal end is reached', () => {
  const exploration = explore(oneOrder(protocol.reliable));
  expect(exploration.violations).toEqual([]);
  expect(reached(exploration)).toEqual(legalOutcomes);
  expect(exploration.states).toBeGreaterThan(8_000);
});

it('two orders for the last unit: sold once at most, never held back, and every legal pair of ends is reached', () => {
  const exploration = explore(twoOrders(protocol.contended));
  expect(exploration.violations).toEqual([]);
  expect(reached(exploration)).toEqual([...legalPairs].sort());
  expect(exploration.states).toBeGreaterThan(50_000);
});

it.each(mutants)('catches $name', ({ rules }) => {
  expect(explore(oneOrder(rules), { firstViolation: true }).violations).not.toEqual([]);
});

it.each(contentionMutants)('catches $name, where two orders meet', ({ rules }) => {
  expect(explore(twoOrders(rules), { firstViolation: true }).violations).not.toEqual([]);
});

const drawn = (exploration: Exploration) => {
  const [violation] = exploration.violations;
  return [violation?.what, ...(violation ? diagram(violation.trace) : [])].join('\n');
};

it('draws the shortest way to a violation as a message diagram', () => {
  const mutant = mutants.find(({ name }) => name === 'exhaustedMeansFailed');
  expect(mutant && drawn(explore(oneOrder(mutant.rules), { firstViolation: true }))).toMatchInlineSnapshot(`
   "0.00 are due: order CANCELLED, reservation RELEASED, payment VOIDED, charged 10.00, refunded 0.00
           order                    inventory                payment                  notification             gateway
           │                        ● 1 on sale, 0 held, 0 sold                       │                        │
     1     │─ OrderCreated ────────▶│                        │                        │                        │
           │                        ● RESERVED, 0 on sale, 1 held, 0 sold             │                        │
     2     │◀─── InventoryReserved ─│                        │                        │                        │
           ● PENDING reserved       │                        │                        │                        │
     3     │                        │─ InventoryReserved ───▶│                        │                        │
           │                        │                        ● CHARGING 1             │                        │
     4     ● deadline               │                        │                        │                        │
           ● CANCELLED reserved     │                        │                        │                        │
           │─ OrderCancelled ────────────────────────────────────────────────────────▶│                        │
     5     │─ OrderCancelled ──────▶│                        │                        │                        │
           │                        ● RELEASED, 1 on sale, 0 held, 0 sold             │                        │
     6     │◀─── InventoryReleased ─│                        │                        │                        │
           ● CANCELLED released     │                        │                        │                        │
     7     │─ OrderCancelled ───────────────────────────────▶│                        │                        │
           │                        │                        ● CHARGING 1 stop        │                        │
     8     │                        │                        │─ charge ───────────────────────────────────────▶│
           │                        │                        │◀────────────────────────────────────── charged ─│
           │                        │                        ● dies before its commit │                        │
           │                        │                        ● VOIDED 1 stop unknown  │                        │
     9     │◀──────────────────────────────── PaymentVoided ─│                        │                        │
           ● CANCELLED released over│                        │                        │                        │
           │                        │                        │                        │                        │"
  `);
});

it('marks every step of two orders with the letter of its order', () => {
  const mutant = contentionMutants.find(({ name }) => name === 'secondChance');
  expect(mutant && drawn(explore(twoOrders(mutant.rules), { firstViolation: true }))).toMatchInlineSnapshot(`
   "0.00 are due: order REJECTED, reservation RESERVED, payment SUCCEEDED, charged 10.00, refunded 0.00
           order                    inventory                payment                  notification             gateway
           │                        ● 1 on sale, 0 held, 0 sold                       │                        │
     1 A   │─ OrderCreated ────────▶│                        │                        │                        │
           │                        ● RESERVED, 0 on sale, 1 held, 0 sold             │                        │
     2 B   │─ OrderCreated ────────▶│                        │                        │                        │
           │                        ● UNAVAILABLE            │                        │                        │
           │                        │─ InventoryUnavailable ─────────────────────────▶│                        │
     3 A   │◀─── InventoryReserved ─│                        │                        │                        │
           ● PENDING reserved       │                        │                        │                        │
     4 B   │◀ InventoryUnavailable ─│                        │                        │                        │
           ● REJECTED unavailable   │                        │                        │                        │
     5 A   │                        │─ InventoryReserved ───▶│                        │                        │
           │                        │                        ● CHARGING 1             │                        │
     6 A   │                        │                        │─ charge ───────────────────────────────────────▶│
           │                        │                        │◀───────────────────────────────────── declined ─│
           │                        │                        ● FAILED 1               │                        │
           │                        │                        │─ PaymentFailed ───────▶│                        │
     7 A   │◀──────────────────────────────── PaymentFailed ─│                        │                        │
           ● FAILED reserved over   │                        │                        │                        │
     8 A   │                        │◀─────── PaymentFailed ─│                        │                        │
           │                        ● RELEASED, 1 on sale, 0 held, 0 sold             │                        │
     9 B   │─ OrderCreated ────────▶│                        │                        │                        │
           │                        ● RESERVED, 0 on sale, 1 held, 0 sold             │                        │
    10 B   │◀─── InventoryReserved ─│                        │                        │                        │
    11 A   │◀─── InventoryReleased ─│                        │                        │                        │
           ● FAILED released over   │                        │                        │                        │
    12 B   │                        │─ InventoryReserved ───▶│                        │                        │
           │                        │                        ● CHARGING 1             │                        │
    13 B   │                        │                        │─ charge ───────────────────────────────────────▶│
           │                        │                        │◀────────────────────────────────────── charged ─│
           │                        │                        ● SUCCEEDED 1            │                        │
           │                        │                        │─ PaymentProcessed ────▶│                        │
    14 B   │◀───────────────────────────── PaymentProcessed ─│                        │                        │
           ● REJECTED unavailable processed                  │                        │                        │
           │                        │                        │                        │                        │"
  `);
});
