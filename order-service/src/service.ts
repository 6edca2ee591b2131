/** What order-service hears, what it decides about it, and what it publishes. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import {
  recordAttempt,
  cancelOnRequest,
  complete,
  ifKnown,
  expireOrNudge,
  fail,
  place,
  confirm,
  recordRefund,
  recordRelease,
  recordReservation,
  reject,
  recordVoid,
  type OrderCommand,
  type OrderState,
} from './domain/decide';

/** The events that order-service hears. */
export type Heard =
  | 'InventoryReserved'
  | 'InventoryUnavailable'
  | 'InventoryReleased'
  | 'PaymentProcessed'
  | 'PaymentAttemptFailed'
  | 'PaymentFailed'
  | 'PaymentVoided'
  | 'PaymentRefunded';

/** The table of order-service. */
export const service: ServiceTable<OrderState, Heard, OrderCommand> = {
  name: 'order-service',
  hears: {
    InventoryReserved: ifKnown(recordReservation),
    InventoryUnavailable: ifKnown(reject),
    InventoryReleased: ifKnown(recordRelease),
    PaymentProcessed: ifKnown(confirm),
    PaymentAttemptFailed: ifKnown(recordAttempt),
    PaymentFailed: ifKnown(fail),
    PaymentVoided: ifKnown(recordVoid),
    PaymentRefunded: ifKnown(recordRefund),
  },
  inputs: {
    PlaceOrder: place,
    CancelOrder: ifKnown(cancelOnRequest),
    CompleteOrder: ifKnown(complete),
    OrderOverdue: ifKnown(expireOrNudge),
  },
  lingers: ['InventoryReserved', 'PaymentAttemptFailed'],
  lowPriority: ['PaymentAttemptFailed'],
  publishes: ['OrderCreated', 'OrderConfirmed', 'OrderCompleted', 'OrderCancelled'],
  delaysMs: [],
};
