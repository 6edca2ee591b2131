import { FRESH, type Order } from './order';

/** What a customer asks for. */
export type Placement = Pick<Order, 'customerId' | 'items' | 'currency' | 'paymentMethod'>;

/** What tells a placement apart from others: given by its adapter, since ids and digests are data here. */
export type PlacementIdentity = Pick<Order, 'orderId' | 'requestHash' | 'idempotencyKey'>;

/** The order that is asked for, not stored yet. */
export const newOrder = (
  { customerId, items, currency, paymentMethod }: Placement,
  { orderId, requestHash, idempotencyKey }: PlacementIdentity,
): Order => ({
  orderId,
  customerId,
  status: 'PENDING',
  reason: null,
  items,
  currency,
  paymentMethod,
  totalMinor: null,
  inventory: 'none',
  payment: 'none',
  attempts: 0,
  idempotencyKey,
  requestHash,
  nudges: 0,
  wake: null,
  clock: FRESH,
  record: null,
});
