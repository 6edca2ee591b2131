/** How the conformance tests change and read what a store keeps, and the order that they place. */
import { inTransaction, lockKeys, type Pool, type Store } from '@quadrille/service-chassis';
import { createOrderStore } from '@quadrille/order-service/src/adapters/database/order-store';
import { wakeOf, type Order } from '@quadrille/order-service/src/domain/order';

/** The trace of every message. */
export const cause = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

/** What is ordered. */
export const placement = {
  customerId: 'customer',
  items: [{ productId: 'mug', quantity: 2, unitPriceMinor: null }],
  currency: 'USD',
  paymentMethod: 'tok_visa',
};

/** An order that waits as one in its state does. */
export const waits = (order: Order): Order => ({ ...order, wake: wakeOf(order) });

/** Loads, changes and saves the state of one key, as the processor does. */
export const change = <State, Message>(
  pool: Pool,
  store: Store<State, Message>,
  key: string,
  message: Message,
  changed: (state: State) => NoInfer<State>,
) =>
  inTransaction(
    pool,
    async (tx) => {
      const input = { key, message, cause };
      const [, states] = await Promise.all([lockKeys(tx, [key]), store.load(tx, [input])]);
      states.put(input, changed(states.get(key)), true, []);
      return states;
    },
    (_tx, states) => states.save(),
  );

/** Reads the state of one key. */
export const read = <State, Message>(pool: Pool, store: Store<State, Message>, key: string, message: Message) =>
  inTransaction(pool, async (tx) => (await store.load(tx, [{ key, message, cause }])).get(key));

/** The store of most tests. */
export const orders = createOrderStore({ deadlineMs: 60_000, healingAfterMs: 30_000 });

/** A message to an order, where it does not matter which. */
export const overdue = { type: 'OrderOverdue' } as const;
