import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import fc from 'fast-check';
import { service } from '../service';
import type { OrderCommand, OrderState } from './decide';
import { FRESH, inventoryFacets, isSettled, paymentFacets, type Order, type OrderStatus } from './order';
import { event, heard, order, priced, who } from '../../test/samples';

const decide = decideBy(service);

const commands = {
  CancelOrder: { type: 'CancelOrder' },
  CompleteOrder: { type: 'CompleteOrder' },
  OrderOverdue: { type: 'OrderOverdue' },
} as const satisfies Record<string, OrderCommand>;
const messages = { ...heard, ...commands };
type MessageName = keyof typeof messages;
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
const told = (state: OrderState, message: DomainEvent<keyof typeof heard> | OrderCommand) => {
  const { state: next, events } = decide(state, message);
  return [next?.status ?? 'none', ...events.map(({ type }) => type)].join(' + ');
};

/** The whole table of the protocol: every status against every message, on an order that has not been touched for long. */
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
  it.each(cells)('%s, %s: %s', (status, name, expected) => {
    expect(told(order({ status }), messages[name])).toBe(expected);
  });

  it.each(messageNames)('no order, %s: nothing to do', (name) => {
    expect(decide(undefined, messages[name])).toMatchObject({
      state: undefined,
      outcome: 'unchanged: no such order',
      events: [],
    });
  });
});

describe('placing', () => {
  it('announces the order as it was asked for', () => {
    const placed = order();
    expect(decide(undefined, { type: 'PlaceOrder', order: placed })).toMatchObject({
      state: placed,
      outcome: 'placed',
      events: [
        { type: 'OrderCreated', data: { ...who, items: placed.items, currency: 'USD', paymentMethod: 'tok_success' } },
      ],
    });
  });

  it('finds the first order of an idempotency key, and says when the request was another', () => {
    const first = order();
    expect(decide(first, { type: 'PlaceOrder', order: order({ orderId: 'order-2' }) })).toMatchObject({
      state: first,
      outcome: 'unchanged: placed already',
      events: [],
    });
    expect(decide(first, { type: 'PlaceOrder', order: order({ requestHash: 'other' }) }).outcome).toBe(
      'unchanged: the key belongs to another request',
    );
  });
});

describe('what an order learns', () => {
  it('has its prices from the reservation, once', () => {
    const { state } = decide(order(), heard.InventoryReserved);
    expect(state).toMatchObject({ items: priced, totalMinor: 2_000, inventory: 'reserved' });
  });

  it('counts attempts upwards only', () => {
    const after = decide(order({ attempts: 3 }), heard.PaymentAttemptFailed).state;
    expect(after?.attempts).toBe(3);
    expect(decide(order(), heard.PaymentProcessed).state?.attempts).toBe(2);
  });

  it('keeps the reason of the event that ended it', () => {
    expect(decide(order(), heard.InventoryUnavailable).state?.reason).toBe('OUT_OF_STOCK');
    expect(decide(order(), heard.PaymentFailed).state?.reason).toBe('DECLINED');
    expect(decide(order(), commands.CancelOrder).state?.reason).toBe('CUSTOMER_REQUEST');
  });
});

describe('deadline and healing', () => {
  const overdue = (changes: Partial<Order>, clock: Partial<Order['clock']>) =>
    told(order({ ...changes, clock: { ...FRESH, ...clock } }), commands.OrderOverdue);

  it('cancels an order that stayed PENDING beyond its deadline', () => {
    expect(overdue({}, { deadlinePassed: true })).toBe('CANCELLED + OrderCancelled');
    expect(decide(order({ clock: { ...FRESH, deadlinePassed: true } }), commands.OrderOverdue).state?.reason).toBe(
      'DEADLINE_EXCEEDED',
    );
  });

  it('asks again when no answer came, with growing pauses', () => {
    expect(overdue({}, { nudgeDue: true })).toBe('PENDING + OrderCreated');
    expect(overdue({ status: 'FAILED' }, { nudgeDue: true })).toBe('FAILED + OrderCreated');
    expect(overdue({ status: 'CANCELLED' }, { nudgeDue: true })).toBe('CANCELLED + OrderCancelled');
    expect(decide(order({ nudges: 2, clock: { ...FRESH, nudgeDue: true } }), commands.OrderOverdue).state?.nudges).toBe(
      3,
    );
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
  ] as const)('%s hears PaymentProcessed again long after: %s', (status, expected) => {
    const settled = order({ status, payment: 'processed', attempts: 2, totalMinor: 2_000, clock: stale });
    expect(told(settled, heard.PaymentProcessed)).toBe(expected);
    expect(told({ ...settled, clock: FRESH }, heard.PaymentProcessed)).toBe(status);
  });

  it('REFUNDED answers a refund heard again long after, so that stock left reserved is committed', () => {
    expect(told(order({ status: 'REFUNDED', payment: 'over', clock: stale }), heard.PaymentRefunded)).toBe(
      'REFUNDED + OrderConfirmed',
    );
  });

  it.each([
    ['DECLINED', 'stale', 'FAILED'],
    ['GATEWAY_UNAVAILABLE', 'stale', 'FAILED'],
    ['DECLINED', 'fresh', 'PENDING'], // PaymentFailed itself is on its way
    ['CUSTOMER_REQUEST', 'stale', 'PENDING'],
    [undefined, 'stale', 'PENDING'], // as older releases of inventory-service say it
  ] as const)('PENDING hears that stock was released (%s), %s: %s', (reason, age, status) => {
    const pending = order({ inventory: 'released', attempts: 3, clock: age === 'stale' ? stale : FRESH });
    const released = event('InventoryReleased', { ...who, items: priced, ...(reason === undefined ? {} : { reason }) });
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
    const cancelledOrder = decide(order(), commands.CancelOrder).state;
    const follow = [heard.InventoryReserved, heard.InventoryReleased, heard.PaymentProcessed, heard.PaymentRefunded];
    fc.assert(
      fc.property(fc.shuffledSubarray([...follow, ...follow], { minLength: 8 }), (shuffled) => {
        const end = after(shuffled, cancelledOrder);
        expect(end).toMatchObject({ status: 'CANCELLED', inventory: 'released', payment: 'over' });
        expect(end && isSettled(end)).toBe(true);
      }),
    );
  });
});
