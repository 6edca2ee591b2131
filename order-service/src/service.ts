/** What order-service hears, what it decides about it, and what it announces. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import {
  attemptFailed,
  cancelOnRequest,
  complete,
  known,
  overdue,
  paymentFailed,
  place,
  processed,
  refunded,
  released,
  reserved,
  unavailable,
  voided,
  type OrderCommand,
  type OrderState,
} from './domain/decide';

/** The events that order-service hears. */
type Heard =
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
    InventoryReserved: known(reserved),
    InventoryUnavailable: known(unavailable),
    InventoryReleased: known(released),
    PaymentProcessed: known(processed),
    PaymentAttemptFailed: known(attemptFailed),
    PaymentFailed: known(paymentFailed),
    PaymentVoided: known(voided),
    PaymentRefunded: known(refunded),
  },
  inputs: {
    PlaceOrder: place,
    CancelOrder: known(cancelOnRequest),
    CompleteOrder: known(complete),
    OrderOverdue: known(overdue),
  },
  lingers: ['InventoryReserved', 'PaymentAttemptFailed'],
  lowPriority: ['PaymentAttemptFailed'],
  announces: ['OrderCreated', 'OrderConfirmed', 'OrderCompleted', 'OrderCancelled'],
  delaysMs: [],
};
