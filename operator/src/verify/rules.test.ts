import type { OrderFacts } from './facts';
import { keyBreaches, orderBreaches, parkedIn, restBreaches, stockBreaches } from './rules';

const facts = (states: string, changes: Partial<OrderFacts> = {}): OrderFacts => {
  const [status = '', reservation, payment] = states.split(' ');
  const known = (state: string | undefined) => (state === 'none' ? undefined : state);
  return {
    orderId: 'order-1',
    order: { status, settled: true, totalMinor: 2_000 },
    reservation: known(reservation),
    payment: known(payment),
    charges: [],
    refunds: [],
    notifications: [],
    ...changes,
  };
};
const numbers = (each: OrderFacts) => orderBreaches(each).map(({ invariant }) => invariant);

const paid = { charges: [2_000] };
const returned = { charges: [2_000], refunds: [2_000] };

describe('an order at rest', () => {
  it.each([
    ['CONFIRMED COMMITTED SUCCEEDED', paid],
    ['COMPLETED COMMITTED SUCCEEDED', paid],
    ['REFUNDED COMMITTED REFUNDED', returned],
    ['REJECTED UNAVAILABLE none', {}],
    ['FAILED RELEASED FAILED', {}],
    ['CANCELLED TOMBSTONE VOIDED', {}],
    ['CANCELLED UNAVAILABLE VOIDED', {}],
    ['CANCELLED RELEASED VOIDED', {}],
    ['CANCELLED RELEASED FAILED', {}],
    ['CANCELLED RELEASED REFUNDED', returned],
  ])('%s is as it should be', (states, money) => {
    expect(orderBreaches(facts(states, money))).toEqual([]);
  });

  it.each([
    ['CONFIRMED RELEASED SUCCEEDED', paid, [4]],
    ['CONFIRMED COMMITTED REFUNDED', returned, [3, 4]],
    ['REJECTED UNAVAILABLE SUCCEEDED', paid, [3, 4]],
    ['FAILED RESERVED FAILED', {}, [4]],
    ['CANCELLED RELEASED REFUNDED', paid, [3]],
    ['CANCELLED RELEASED VOIDED', { charges: [2_000, 2_000], refunds: [2_000] }, [3, 3]],
    ['CONFIRMED COMMITTED SUCCEEDED', { charges: [1_999] }, [3]],
    ['CONFIRMED COMMITTED SUCCEEDED', { order: { status: 'CONFIRMED', settled: true, totalMinor: null } }, [3]],
    ['CONFIRMED COMMITTED SUCCEEDED', { order: { status: 'CONFIRMED', settled: true, totalMinor: 0 } }, [3]],
    ['CANCELLED RELEASED VOIDED', returned, [3]],
    ['CANCELLED RELEASED FAILED', returned, [3]],
    ['CANCELLED RELEASED REFUNDED', {}, [3]],
    ['FAILED RELEASED FAILED', returned, [3]],
    ['CONFIRMED COMMITTED SUCCEEDED', { charges: [2_000, 2_000], refunds: [1_000, 1_000] }, [3, 3]],
    ['CONFIRMED COMMITTED SUCCEEDED', { ...paid, notifications: ['CONFIRMED', 'CONFIRMED', 'REFUNDED'] }, [5]],
    ['CONFIRMED COMMITTED SUCCEEDED', { ...paid, order: undefined }, [3, 4]],
  ])('%s with %j breaches %j', (states, changes, breached) => {
    expect(numbers(facts(states, changes))).toEqual(breached);
  });

  it('that nobody knows but who wrote to its customer says so', () => {
    const stray = { order: undefined, notifications: ['CONFIRMED', 'REFUNDED'] };
    expect(orderBreaches(facts('none none none', stray))).toEqual([
      {
        invariant: 4,
        orderId: 'order-1',
        detail:
          'known from a notification only (CONFIRMED, REFUNDED): order missing, reservation none, payment none, charged 0.00, refunded 0.00',
      },
    ]);
    for (const known of [{ reservation: 'RESERVED' }, { payment: 'VOIDED' }, { charges: [2_000] }, { refunds: [1] }])
      expect(JSON.stringify(orderBreaches(facts('none none none', { ...stray, ...known })))).not.toContain('only');
  });

  it('names the order and says all about it', () => {
    expect(orderBreaches(facts('CANCELLED RELEASED SUCCEEDED', returned))).toEqual([
      {
        invariant: 4,
        orderId: 'order-1',
        detail: 'order CANCELLED, reservation RELEASED, payment SUCCEEDED, charged 20.00, refunded 20.00',
      },
    ]);
  });
});

describe('an order that is not settled', () => {
  const order = { status: 'PENDING', settled: false, totalMinor: null };
  it('breaches the first invariant only, while money and stock are on their way', () => {
    expect(numbers(facts('PENDING RESERVED SUCCEEDED', { order, ...paid }))).toEqual([1]);
  });
  it('may never be charged twice', () => {
    expect(numbers(facts('PENDING RESERVED CHARGING', { order, charges: [2_000, 2_000] }))).toEqual([1, 3]);
  });
});

describe('stock', () => {
  const level = {
    productId: 'mug',
    available: 5,
    reserved: 2,
    committed: 3,
    reservedByOrders: 2,
    committedByOrders: 3,
  };
  it.each([
    [{ ...level, adjusted: 10 }, []],
    [{ ...level, adjusted: 11 }, ['10 in all, 11 by its adjustments']],
    [{ ...level, adjusted: 10, reservedByOrders: 1 }, ['2 reserved, 1 by orders']],
    [{ ...level, adjusted: 10, committedByOrders: 4 }, ['3 committed, 4 by orders']],
    [{ ...level, available: -1, adjusted: 4 }, ['-1 available']],
  ])('%j', (stock, details) => {
    expect(stockBreaches(stock)).toEqual(details.map((detail) => ({ invariant: 2, productId: 'mug', detail })));
  });
});

describe('rest', () => {
  const queue = (name: string, ready = 0, unacknowledged = 0) => ({ name, ready, unacknowledged });
  const outbox = { service: 'order-service', waiting: 0, oldestSeconds: 0, attempts: 0 };
  const details = (...given: Parameters<typeof restBreaches>) => restBreaches(...given).map(({ detail }) => detail);

  it('is what empty outboxes and queues are', () => {
    expect(details([outbox], [queue('order-service'), queue('order-service.invalid')], 0)).toEqual([]);
  });
  it('is not what a waiting row, a message and a parked message are', () => {
    const queues = [queue('payment-service', 1, 2), queue('payment-service.dead-letter', 3)];
    expect(details([{ ...outbox, waiting: 4, oldestSeconds: 9, attempts: 2 }], queues, 0)).toEqual([
      'outbox of order-service: 4 unpublished, the oldest for 9 s, tried 2 times',
      'queue payment-service: 1 messages ready, 2 unacknowledged',
      '3 messages are parked, not 0: payment-service.dead-letter 3 (--poison says how many were put in on purpose)',
    ]);
  });
  it('holds exactly the poison put in', () => {
    const queues = [queue('a.dead-letter', 1), queue('b.invalid', 1)];
    expect(parkedIn(queues)).toBe(2);
    expect(details([], queues, 2)).toEqual([]);
    expect(details([], queues, 3)).toHaveLength(1);
  });
});

it('one idempotency key is one order', () => {
  expect(keyBreaches([{ key: 'k', orderIds: ['a', 'b'] }])).toEqual([
    { invariant: 7, orderId: 'a', detail: 'Idempotency-Key k has 2 orders: a, b' },
  ]);
});
