import { decideBy } from '@quadrille/service-chassis';
import fc from 'fast-check';
import { service } from '../service';
import type { OrderState } from './decide';
import { FRESH, inventoryFacets, isSettled, paymentFacets, type Order, type OrderStatus } from './order';
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
} from '../../test/builders';

const decide = decideBy(service);

const messages = {
  InventoryReserved: inventoryReserved(),
  InventoryUnavailable: inventoryUnavailable(),
  InventoryReleased: inventoryReleased(),
  PaymentProcessed: paymentProcessed(),
  PaymentAttemptFailed: paymentAttemptFailed(),
  PaymentFailed: paymentFailed(),
  PaymentVoided: paymentVoided(),
  PaymentRefunded: paymentRefunded(),
  CancelOrder: cancelOrder(),
  CompleteOrder: completeOrder(),
  OrderOverdue: orderOverdue(),
};
type MessageName = keyof typeof messages;
type Message = Parameters<typeof decide>[1];
const messageNames = Object.keys(messages) as MessageName[];
const statuses: readonly OrderStatus[] = [
  'PENDING',
  'CONFIRMED',
  'COMPLETED',
  'CANCELLED',
  'REJECTED',
  'FAILED',
  'REFUNDED',
];

/** One line of what a decision says: the status after it, and what it publishes. */
const told = (state: OrderState, message: Message) => {
  const { state: next, events } = decide(state, message);
  return [next?.status ?? 'none', ...events.map(({ type }) => type)].join(' + ');
};

/** The whole table of the protocol: every status against every message, on an order that was changed just now. */
const table: Record<MessageName, Record<OrderStatus, string>> = {
  InventoryReserved: stays(),
  InventoryUnavailable: { ...stays(), PENDING: 'REJECTED' },
  InventoryReleased: stays(),
  PaymentProcessed: { ...stays(), PENDING: 'CONFIRMED + OrderConfirmed' },
  PaymentAttemptFailed: stays(),
  PaymentFailed: { ...stays(), PENDING: 'FAILED' },
  PaymentVoided: stays(),
  PaymentRefunded: {
    ...stays(),
    PENDING: 'CANCELLED + OrderCancelled',
    CONFIRMED: 'CANCELLED + OrderCancelled',
    COMPLETED: 'REFUNDED',
  },
  CancelOrder: { ...stays(), PENDING: 'CANCELLED + OrderCancelled', CONFIRMED: 'CANCELLED + OrderCancelled' },
  CompleteOrder: { ...stays(), CONFIRMED: 'COMPLETED + OrderCompleted' },
  OrderOverdue: stays(),
};

function stays(): Record<OrderStatus, string> {
  return {
    PENDING: 'PENDING',
    CONFIRMED: 'CONFIRMED',
    COMPLETED: 'COMPLETED',
    CANCELLED: 'CANCELLED',
    REJECTED: 'REJECTED',
    FAILED: 'FAILED',
    REFUNDED: 'REFUNDED',
  };
}

describe('every status against every message', () => {
  const cells = messageNames.flatMap((name) => statuses.map((status) => [status, name, table[name][status]] as const));
  it.each(cells)('a %s order, on %s, is then %s', (status, name, expected) => {
    expect(told(order({ status }), messages[name])).toBe(expected);
  });

  it.each(messageNames)('of an order that is not known, %s changes nothing', (name) => {
    expect(decide(undefined, messages[name])).toMatchObject({
      state: undefined,
      outcome: 'unchanged: no such order',
      events: [],
    });
  });
});

describe('deadline and healing', () => {
  const overdue = (changes: Partial<Order>, clock: Partial<Order['clock']>) =>
    told(order({ ...changes, clock: { ...FRESH, ...clock } }), orderOverdue());

  it('cancels an order that stayed PENDING beyond its deadline', () => {
    expect(overdue({}, { deadlinePassed: true })).toBe('CANCELLED + OrderCancelled');
    expect(decide(order({ clock: { ...FRESH, deadlinePassed: true } }), orderOverdue()).state?.reason).toBe(
      'DEADLINE_EXCEEDED',
    );
  });

  it('asks again when no answer came, with growing pauses', () => {
    expect(overdue({}, { nudgeDue: true })).toBe('PENDING + OrderCreated');
    expect(overdue({ status: 'FAILED' }, { nudgeDue: true })).toBe('FAILED + OrderCreated');
    expect(overdue({ status: 'CANCELLED' }, { nudgeDue: true })).toBe('CANCELLED + OrderCancelled');
    expect(decide(order({ nudges: 2, clock: { ...FRESH, nudgeDue: true } }), orderOverdue()).state?.nudges).toBe(3);
  });

  it('leaves a settled order alone, whatever the clock says', () => {
    for (const status of ['CONFIRMED', 'COMPLETED', 'REJECTED', 'REFUNDED'] as const) {
      expect(overdue({ status }, { nudgeDue: true, deadlinePassed: true })).toBe(status);
    }
  });

  const stale = { ...FRESH, stale: true };
  it.each([
    ['CONFIRMED', 'CONFIRMED + OrderConfirmed'],
    ['COMPLETED', 'COMPLETED + OrderConfirmed'],
    ['CANCELLED', 'CANCELLED + OrderCancelled'],
    ['REJECTED', 'REJECTED'],
    ['FAILED', 'FAILED'],
    ['REFUNDED', 'REFUNDED'],
  ] as const)('a %s order, on PaymentProcessed heard again long after, is then %s', (status, expected) => {
    const settled = order({ status, payment: 'processed', attempts: 2, totalMinor: 2_000, clock: stale });
    expect(told(settled, messages.PaymentProcessed)).toBe(expected);
    expect(told({ ...settled, clock: FRESH }, messages.PaymentProcessed)).toBe(status);
  });

  it('a REFUNDED order that hears of the refund long after confirms again, so that its stock is committed', () => {
    expect(told(order({ status: 'REFUNDED', payment: 'over', clock: stale }), messages.PaymentRefunded)).toBe(
      'REFUNDED + OrderConfirmed',
    );
  });

  it.each([
    ['DECLINED', 'long ago', 'FAILED'],
    ['GATEWAY_UNAVAILABLE', 'long ago', 'FAILED'],
    ['DECLINED', 'just now', 'PENDING'], // PaymentFailed itself is on its way
    ['CUSTOMER_REQUEST', 'long ago', 'PENDING'],
    [undefined, 'long ago', 'PENDING'], // as older releases of inventory-service say it
  ] as const)('a PENDING order whose stock was released (%s), last changed %s, is then %s', (reason, age, status) => {
    const pending = order({ inventory: 'released', attempts: 3, clock: age === 'long ago' ? stale : FRESH });
    const released = inventoryReleased(reason === undefined ? {} : { reason });
    const { state, events } = decide(pending, released);
    expect(events).toEqual([]);
    expect(state).toMatchObject(
      status === 'FAILED' ? { status, reason, payment: 'over', attempts: 4 } : { status, payment: 'none', attempts: 3 },
    );
    expect(state && isSettled(state)).toBe(status === 'FAILED');
  });
});

describe('settled', () => {
  const all = statuses.flatMap((status) =>
    inventoryFacets.flatMap((inventory) => paymentFacets.map((payment) => ({ status, inventory, payment }))),
  );
  it('holds exactly as the protocol says', () => {
    const settled = all.filter(isSettled).map(({ status, inventory, payment }) => `${status} ${inventory} ${payment}`);
    const always = ['CONFIRMED', 'COMPLETED', 'REJECTED', 'REFUNDED'].flatMap((status) =>
      inventoryFacets.flatMap((inventory) => paymentFacets.map((payment) => `${status} ${inventory} ${payment}`)),
    );
    expect(new Set(settled)).toEqual(
      new Set([...always, 'FAILED released over', 'CANCELLED unavailable over', 'CANCELLED released over']),
    );
  });
});

describe('whatever is delivered, in whatever order, however often', () => {
  const anyMessage = fc.constantFrom(...messageNames).map((name) => messages[name]);
  const anyHistory = fc.array(anyMessage, { maxLength: 12 });
  const after = (history: readonly (typeof messages)[MessageName][], from: OrderState = order()) =>
    history.reduce<OrderState>((state, message) => decide(state, message).state, from);

  it('a message heard again at once changes nothing and announces nothing', () => {
    fc.assert(
      fc.property(anyHistory, anyMessage, (history, message) => {
        const once = after([...history, message]);
        const again = decide(once, message);
        expect(again.state).toBe(once);
        expect(again.events).toEqual([]);
      }),
    );
  });

  it('facets and attempts only go up, and an ended order never comes back to life', () => {
    fc.assert(
      fc.property(anyHistory, anyMessage, (history, message) => {
        const before = after(history);
        const next = decide(before, message).state;
        if (!before || !next) throw new Error('the order vanished');
        expect(inventoryFacets.indexOf(next.inventory)).toBeGreaterThanOrEqual(
          inventoryFacets.indexOf(before.inventory),
        );
        expect(paymentFacets.indexOf(next.payment)).toBeGreaterThanOrEqual(paymentFacets.indexOf(before.payment));
        expect(next.attempts).toBeGreaterThanOrEqual(before.attempts);
        if (['CANCELLED', 'REJECTED', 'FAILED', 'REFUNDED'].includes(before.status))
          expect(next.status).toBe(before.status);
      }),
    );
  });

  it('a cancelled order ends the same in every order of what follows', () => {
    const cancelledOrder = decide(order(), cancelOrder()).state;
    const follow = [
      messages.InventoryReserved,
      messages.InventoryReleased,
      messages.PaymentProcessed,
      messages.PaymentRefunded,
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([...follow, ...follow], { minLength: 8 }), (shuffled) => {
        const end = after(shuffled, cancelledOrder);
        expect(end).toMatchObject({ status: 'CANCELLED', inventory: 'released', payment: 'over' });
        expect(end && isSettled(end)).toBe(true);
      }),
    );
  });
});
