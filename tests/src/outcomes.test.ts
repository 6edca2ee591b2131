/** Every way in which an order can end, through HTTP alone, and what the four services then show. */
import { chooseAssortment } from '@quadrille/operator/src/demo/assortment';
import { RefusedError, type Order } from '@quadrille/operator/src/demo/client';
import { kinds, outcomeOf } from '@quadrille/operator/src/demo/kinds';
import { holds, report } from '@quadrille/operator/src/verify/report';
import { eventually } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** Longer than any of these orders takes on a busy machine, in milliseconds: three retries take 7 s. */
const ORDER_WITHIN_MS = 40_000;

let system: TestSystem;
/** All orders are played at the same time, as in a shop; each test waits for its own. */
let played: Map<string, Promise<Order>>;
const answered: string[] = [];

const statusOf = (error: unknown) => (error instanceof RefusedError ? error.status : error);
const refusal = (work: Promise<unknown>) => work.then(() => 'not refused', statusOf);
const paymentOf = async ({ order_id }: Order) => (await system.shop.paymentOf(order_id)).status;
const reservationOf = async (orderId: string): Promise<unknown> => {
  const answer: unknown = await (await fetch(`${system.urls.inventory}/reservations/${orderId}`)).json();
  return answer;
};
const place = async (method: string, customer = 'alice') => {
  const order = await system.shop.place({
    customer_id: customer,
    items: [{ product_id: 'acorn-sticker', quantity: 2 }],
    payment_method: method,
  });
  answered.push(order.order_id);
  return order;
};
const settled = ({ order_id }: Order) => system.shop.settled(order_id, AbortSignal.timeout(ORDER_WITHIN_MS));

beforeAll(async () => {
  system = await startTestSystem({ PAYMENT_SUCCESS_RATE: '1' });
  const { shop } = system;
  const assortment = chooseAssortment(await shop.products());
  const signal = AbortSignal.timeout(ORDER_WITHIN_MS);
  played = new Map(
    kinds.map((kind) => [kind.name, kind.play({ shop, assortment, customerId: 'alice', signal })] as const),
  );
  for (const playing of played.values()) playing.catch(() => undefined); // reported by the test that waits for it
});

afterAll(() => system.stop());

it.each(kinds)('$name ends as $expected', async ({ name, expected }) => {
  const order = await played.get(name);
  if (!order) throw new Error(`${name} was not played`);
  answered.push(order.order_id);
  const payment = ['CANCELLED', 'REFUNDED'].includes(order.status) ? await paymentOf(order) : undefined;
  expect(outcomeOf(order, payment)).toBe(expected);
  expect(order.settled).toBe(true);
});

it('tok_visa, the method of an order that names none, is charged when the bank draws well', async () => {
  const order = await system.shop.place({
    customer_id: 'alice',
    items: [{ product_id: 'gift-wrap-kraft', quantity: 2 }],
  });
  expect(await settled(order)).toMatchObject({ status: 'CONFIRMED', total: '1.50' });
});

describe('cancelled', () => {
  it('before anything is reserved: nothing is, and nothing is charged', async () => {
    system.services.inventory.freeze();
    const order = await place('tok_success');
    expect(await system.shop.cancel(order.order_id)).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER_REQUEST' });
    system.services.inventory.thaw();
    const end = await settled(order);
    expect(outcomeOf(end, await paymentOf(end))).toBe('CANCELLED: CUSTOMER_REQUEST, payment VOIDED');
    expect(['RELEASED', 'TOMBSTONE']).toContain(((await reservationOf(order.order_id)) as { status: string }).status);
  });

  it('while the gateway is charging and its answer is lost: what was taken is given back', async () => {
    const order = await place('tok_timeout');
    await eventually(async () => {
      expect(await paymentOf(order)).toBe('CHARGING');
    });
    await system.shop.cancel(order.order_id);
    const end = await settled(order);
    expect(outcomeOf(end, await paymentOf(end))).toBe('CANCELLED: CUSTOMER_REQUEST, payment REFUNDED');
  });

  it('again: the same answer; what is over stays as it is', async () => {
    const order = await settled(await place('tok_success'));
    await system.shop.cancel(order.order_id);
    expect(await system.shop.cancel(order.order_id)).toMatchObject({ status: 'CANCELLED' });
    const failed = await settled(await place('tok_decline'));
    expect(await refusal(system.shop.cancel(failed.order_id))).toBe(409);
    expect(await refusal(system.shop.complete(failed.order_id))).toBe(409);
  });
});

describe('completed', () => {
  it('once or twice is the same; it cannot be cancelled any more', async () => {
    const order = await settled(await place('tok_success'));
    expect(await system.shop.complete(order.order_id)).toMatchObject({ status: 'COMPLETED' });
    expect(await system.shop.complete(order.order_id)).toMatchObject({ status: 'COMPLETED' });
    expect(await refusal(system.shop.cancel(order.order_id))).toBe(409);
  });

  it('only when it is confirmed', async () => {
    const order = await place('tok_unavailable');
    expect(await refusal(system.shop.complete(order.order_id))).toBe(409);
    await system.shop.cancel(order.order_id);
    expect(await refusal(system.shop.complete(order.order_id))).toBe(409);
  });
});

describe('refunded by an operator', () => {
  it('once or twice is the same; only what was paid can be given back', async () => {
    const order = await settled(await place('tok_success'));
    const { payment_id } = await system.shop.paymentOf(order.order_id);
    await system.shop.refund(payment_id);
    expect(['REFUND_PENDING', 'REFUNDED']).toContain((await system.shop.refund(payment_id)).status);
    const failed = await settled(await place('tok_decline'));
    const { payment_id: nothing } = await system.shop.paymentOf(failed.order_id);
    expect(await refusal(system.shop.refund(nothing))).toBe(409);
    expect(await refusal(system.shop.refund('01990000-0000-7000-8000-000000000000'))).toBe(404);
  });
});

it('tells the customer about each outcome, once', async () => {
  const order = await settled(await place('tok_success', 'zoe'));
  await system.shop.complete(order.order_id);
  await settled(await place('tok_decline', 'zoe'));
  const cancelled = await settled(await place('tok_success', 'zoe'));
  await system.shop.cancel(cancelled.order_id);
  await settled(cancelled);
  const told = async () => {
    const response = await fetch(`${system.urls.notification}/notifications/customer/zoe?limit=100`);
    // A list of notifications by contract; the expectation below checks it.
    const { items } = (await response.json()) as { items: { kind: string; order_id: string; message: string }[] };
    return items;
  };
  await eventually(async () => {
    const kindsTold = (await told()).map(({ kind }) => kind).sort();
    expect(kindsTold).toEqual([
      'CANCELLED',
      'COMPLETED',
      'CONFIRMED',
      'CONFIRMED',
      'FAILED',
      'PAYMENT_RECEIVED',
      'PAYMENT_RECEIVED',
      'REFUNDED',
    ]);
  });
  expect((await told()).every(({ message }) => message.length > 20)).toBe(true);
});

it('leaves every invariant whole', async () => {
  await Promise.all(played.values());
  const verdict = await system.verify({ requested: answered });
  expect(report(verdict).filter((line) => line.includes('✗'))).toEqual([]);
  expect(holds(verdict)).toBe(true);
});
