/** Services that die or are stopped in the middle of the work: every order that was answered ends well, and no invariant breaks. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RELAY_LEASE_S } from '@quadrille/service-chassis/src/processing/outbox-statements';
import { shortNames } from '@quadrille/operator/src/services';
import { RefusedError } from '@quadrille/operator/src/demo/client';
import { eventually } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** Orders that are placed while one service dies: seconds of work, so that it dies with its hands full. */
const ORDERS = 240;

/** Customers who order at once. */
const CUSTOMERS = 12;

/** What a customer pauses before asking again. */
const RETRY_MS = 50;

/** A dead service is back within a second or two; its messages come again at once, its timers and leases after ten seconds at most. */
const SETTLED_WITHIN_MS = 40_000;

/** Nothing else may look wrong for longer: twice the lease of a relay that died, on a machine that may be slow. */
const PERSIST_MS = 2 * RELAY_LEASE_S * 1_000;

const METHODS = ['tok_success', 'tok_success', 'tok_success', 'tok_visa', 'tok_decline', 'tok_flaky_1'];

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem({ HEALING_AFTER_MS: '1500' });
});
afterAll(() => system.stop());

/** Asks again, with the same key, until there is an answer: what a careful customer does. */
async function order(customerId: string, n: number): Promise<string> {
  const headers = { 'idempotency-key': randomUUID() };
  const request = {
    customer_id: customerId,
    items: [{ product_id: 'acorn-sticker', quantity: 1 + (n % 3) }],
    payment_method: METHODS[n % METHODS.length] ?? 'tok_success',
  };
  for (;;) {
    try {
      return (await system.shop.place(request, headers)).order_id;
    } catch (error) {
      if (error instanceof RefusedError && error.status < 500) throw error;
      await pause(RETRY_MS);
    }
  }
}

/** Places orders from many customers; every tenth is cancelled right away. `halfway` happens in the middle of it. */
async function load(name: string, halfway: () => Promise<unknown>): Promise<string[]> {
  const placed: string[] = [];
  let next = 0;
  let disturbed: Promise<unknown> | undefined;
  const customer = async (id: number) => {
    while (next < ORDERS) {
      const n = next++;
      const orderId = await order(`${name}-${String(id)}`, n);
      placed.push(orderId);
      if (n % 10 === 0) await system.shop.cancel(orderId).catch(() => undefined); // it may be over, or nobody there to ask
      if (placed.length > ORDERS / 2) disturbed ??= halfway();
    }
  };
  await Promise.all(Array.from({ length: CUSTOMERS }, (_, id) => customer(id)));
  await disturbed;
  return placed;
}

async function expectAllWell(placed: readonly string[], expected: number): Promise<void> {
  expect(new Set(placed).size).toBe(expected);
  const verdict = await system.verify({ requested: placed, settleWithinMs: SETTLED_WITHIN_MS, persistMs: PERSIST_MS });
  expect(verdict.breaches).toEqual([]);
}

describe('kill -9 in the middle of the work', () => {
  const placed: string[] = [];

  it.each(shortNames)('%s-service', async (name) => {
    const service = system.services[name];
    placed.push(
      ...(await load(name, async () => {
        await service.kill();
        await service.start();
      })),
    );
  });

  it('all four at once', async () => {
    const all = Object.values(system.services);
    placed.push(
      ...(await load('all', async () => {
        await Promise.all(all.map((service) => service.kill()));
        await Promise.all(all.map((service) => service.start()));
      })),
    );
  });

  it(
    'every order that was answered has ended well',
    () => expectAllWell(placed, ORDERS * (shortNames.length + 1)),
    SETTLED_WITHIN_MS * 2,
  );
});

describe('SIGTERM in the middle of the work', () => {
  const placed: string[] = [];

  it.each(shortNames)(
    '%s-service drains, exits 0 within 10 s, and nothing that it has handled comes again',
    async (name) => {
      const service = system.services[name];
      let before: string[] = [];
      placed.push(
        ...(await load(name, async () => {
          const { code, tookMs } = await service.stop();
          before = service.handled();
          await service.start();
          expect(code).toBe(0);
          expect(tookMs).toBeLessThan(10_000);
        })),
      );
      // The broker may have had messages under way to it that it never saw; what it has handled must not come again.
      const after = await eventually(() => {
        const handled = service.handled().slice(before.length);
        expect(handled.length).toBeGreaterThan(0);
        return handled;
      });
      const seen = new Set(before);
      expect(after.filter((id) => seen.has(id))).toEqual([]);
    },
  );

  it(
    'every order that was answered has ended well',
    () => expectAllWell(placed, ORDERS * shortNames.length),
    SETTLED_WITHIN_MS * 2,
  );
});
