/** Services are killed or stopped during the work: every accepted order ends well, and no invariant breaks. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RELAY_LEASE_S } from '@quadrille/service-chassis/src/processing/outbox-statements';
import { shortNames } from '@quadrille/operator/src/services';
import { RefusedError } from '@quadrille/operator/src/demo/client';
import { eventually } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** Orders placed while one service dies: some seconds of work, so that it dies while it is busy. */
const ORDERS = 240;

/** Customers who order at once. */
const CUSTOMERS = 12;

/** A customer's pause before the next attempt, in milliseconds. */
const RETRY_MS = 50;

/**
 * How long orders may take to settle, in milliseconds: a killed service is back in two seconds, its messages are
 * redelivered at once, and its timers and leases end after ten seconds at most.
 */
const SETTLED_WITHIN_MS = 40_000;

/** No other breach may last longer, in milliseconds: twice the lease of a relay that died, for slow machines. */
const PERSIST_MS = 2 * RELAY_LEASE_S * 1_000;

const METHODS = ['tok_success', 'tok_success', 'tok_success', 'tok_visa', 'tok_decline', 'tok_flaky_1'];

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem({ HEALING_AFTER_MS: '1500' });
});
afterAll(() => system.stop());

/** Places an order like a careful customer: repeats the request with the same key until there is a response. */
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

/** Places orders of many customers; every tenth is cancelled at once. `halfway` is called in the middle. */
async function load(name: string, halfway: () => Promise<unknown>): Promise<string[]> {
  const placed: string[] = [];
  let next = 0;
  let disturbed: Promise<unknown> | undefined;
  const customer = async (id: number) => {
    while (next < ORDERS) {
      const n = next++;
      const orderId = await order(`${name}-${String(id)}`, n);
      placed.push(orderId);
      // The order may be settled, or the service down.
      if (n % 10 === 0) await system.shop.cancel(orderId).catch(() => undefined);
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
      // Messages that the process never received may come again; those that it has handled must not.
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
