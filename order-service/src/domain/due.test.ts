/** When an order is looked at again, and what makes it as young as new: decided with its state, as data. */
import { decideBy } from '@quadrille/service-chassis';
import fc from 'fast-check';
import { service } from '../service';
import {
  FRESH,
  hasMoved,
  inventoryFacets,
  isSettled,
  paymentFacets,
  wakeOf,
  type Order,
  type OrderStatus,
} from './order';
import {
  cancelOrder,
  completeOrder,
  inventoryReleased,
  inventoryReserved,
  inventoryUnavailable,
  order,
  orderOverdue,
  paymentAttemptFailed,
  paymentFailed,
  paymentProcessed,
  paymentRefunded,
  paymentVoided,
  placeOrder,
  priced,
} from '../../test/builders';

const decide = decideBy(service);

const KEPT = { kind: 'kept' } as const;
/** As it is loaded: due when it was. */
const loaded = (changes: Partial<Order> = {}) => order({ wake: KEPT, ...changes });
const due = { ...FRESH, nudgeDue: true };
const statuses: readonly OrderStatus[] = [
  ...(['PENDING', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'REJECTED', 'FAILED', 'REFUNDED'] as const),
];

test('a placed order is due at its first nudge, or at its deadline if that is earlier', () => {
  const { state } = decide(undefined, placeOrder(order({ wake: null })));
  expect(state?.wake).toEqual({ kind: 'nudge-or-deadline', doublings: 0 });
});

test.each([
  ['PENDING', 'that moves', loaded(), inventoryReserved(), { kind: 'nudge-or-deadline', doublings: 0 }],
  ['CANCELLED', 'with its money', loaded(), cancelOrder(), { kind: 'nudge', doublings: 0 }],
  ['FAILED', 'with its stock', loaded(), paymentFailed(), { kind: 'nudge', doublings: 0 }],
  ['CONFIRMED', 'and settled', loaded(), paymentProcessed(), null],
  ['REJECTED', 'and settled', loaded(), inventoryUnavailable(), null],
  ['FAILED', 'and settled', loaded({ inventory: 'released' }), paymentFailed(), null],
  ['COMPLETED', 'and settled', loaded({ status: 'CONFIRMED' }), completeOrder(), null],
  ['REFUNDED', 'and settled', loaded({ status: 'COMPLETED' }), paymentRefunded(), null],
] as const)('an order that is %s %s is due by its state', (status, _how, before, message, wake) => {
  const { state } = decide(before, message);
  expect(state).toMatchObject({ status, wake });
});

test('a nudge doubles the pause before the next, and a move begins anew', () => {
  const nudged = decide(loaded({ nudges: 2, clock: due }), orderOverdue()).state;
  expect(nudged?.wake).toEqual({ kind: 'nudge-or-deadline', doublings: 3 });
  expect(decide(nudged, paymentAttemptFailed()).state).toMatchObject({
    nudges: 0,
    wake: { kind: 'nudge-or-deadline', doublings: 0 },
  });
});

test('who repeats himself does not put off the nudge', () => {
  const before = loaded({ inventory: 'reserved' });
  expect(decide(before, inventoryReserved()).state?.wake).toBe(KEPT);
  expect(decide(before, orderOverdue()).state?.wake).toBe(KEPT);
});

test('neither does who adds nothing but a price', () => {
  const before = loaded({ status: 'CANCELLED', payment: 'over', attempts: 2 });
  const { state } = decide(before, paymentProcessed());
  expect(state).toMatchObject({ totalMinor: 2_000, wake: KEPT });
});

const moves: readonly (readonly [Partial<Order>, boolean])[] = [
  [{ status: 'CONFIRMED' }, true],
  [{ inventory: 'reserved' }, true],
  [{ payment: 'over' }, true],
  [{ attempts: 1 }, true],
  [{ nudges: 1, wake: null, clock: due }, false],
  [{ items: priced, totalMinor: 1, reason: 'DECLINED' }, false],
];
test.each(moves)('an order that differs in %j has moved: %s', (changes, moved) => {
  expect(hasMoved(order(), order(changes))).toBe(moved);
});

test('the state alone says when: settled never, PENDING no later than its deadline', () => {
  const states = fc.record({
    status: fc.constantFrom(...statuses),
    inventory: fc.constantFrom(...inventoryFacets),
    payment: fc.constantFrom(...paymentFacets),
    nudges: fc.nat(),
  });
  fc.assert(
    fc.property(states, (state) => {
      const kind = state.status === 'PENDING' ? 'nudge-or-deadline' : 'nudge';
      expect(wakeOf(state)).toEqual(isSettled(state) ? null : { kind, doublings: state.nudges });
    }),
  );
});

test('whatever is delivered, an order is due by its state when it moved or was nudged, and when it was otherwise', () => {
  const released = inventoryReleased({ reason: 'DECLINED' });
  const events = [
    inventoryReserved(),
    inventoryUnavailable(),
    inventoryReleased(),
    paymentProcessed(),
    paymentAttemptFailed(),
    paymentFailed(),
    paymentVoided(),
    paymentRefunded(),
  ];
  const commands = [cancelOrder(), completeOrder(), orderOverdue()];
  const anyMessage = fc.constantFrom(...events, released, ...commands);
  const clocks = fc.record({ deadlinePassed: fc.boolean(), nudgeDue: fc.boolean(), stale: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.tuple(anyMessage, clocks), { maxLength: 12 }), (history) => {
      let before = loaded();
      for (const [message, clock] of history) {
        const after = decide({ ...before, clock }, message).state;
        if (!after) throw new Error('the order vanished');
        const isDueAnew = hasMoved(before, after) || after.nudges !== before.nudges;
        expect(after.wake).toEqual(isDueAnew ? wakeOf(after) : before.wake);
        before = after;
      }
    }),
  );
});
