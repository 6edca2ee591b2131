/** Hostile input, a short run of it: `npm run fuzz` is the long one. */
import { fuzz } from './fuzz';
import { holds } from '@quadrille/operator/src/verify/report';
import { testServers } from '@quadrille/test-kit';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** Some of each operation and of each queue. */
const AMOUNT = { requests: 3_000, messages: 500 };

/** The same input in every run: what it finds is a change. */
const SEED = 20_261_122;

/** Far longer than it takes: orders that it happens to make may need all of their attempts. */
const WITHIN_MS = 180_000;

let system: TestSystem;
beforeAll(async () => {
  system = await startTestSystem();
});
afterAll(() => system.stop());

it(
  'is refused, absorbed or parked, and nothing else happens',
  async () => {
    const { url: management, user, password } = testServers().management;
    const addresses = {
      ...system.urls,
      databases: system.databases,
      amqp: system.virtualHost.adminUrl,
      management,
      credentials: { user, password },
    };
    const { http, faults, verdict, messages, goodOrders } = await fuzz(addresses, { ...AMOUNT, seed: SEED });
    expect(http.faults).toEqual([]);
    expect(faults).toEqual([]);
    expect(verdict.breaches).toEqual([]);
    expect(holds(verdict)).toBe(true);
    expect(messages.poison).toBeGreaterThan(AMOUNT.messages / 2);
    expect(goodOrders).toBeGreaterThan(0);
    expect(http.seen.reduce((sum, { requests }) => sum + requests, 0)).toBe(AMOUNT.requests);
    expect(http.seen.every(({ requests }) => requests > 0)).toBe(true);
  },
  WITHIN_MS,
);
