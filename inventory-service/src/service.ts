/** What inventory-service hears, what it decides about it, and what it publishes. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import { commit, nudge, releaseCancelled, releaseUnpaid, reserve, type ReservationCommand } from './domain/decide';
import type { ReservationState } from './domain/reservation';

/** The events that inventory-service hears. */
export type Heard = 'OrderCreated' | 'OrderConfirmed' | 'OrderCancelled' | 'PaymentFailed';

/** The table of inventory-service. */
export const service: ServiceTable<ReservationState, Heard, ReservationCommand> = {
  name: 'inventory-service',
  hears: {
    OrderCreated: reserve,
    OrderConfirmed: commit,
    OrderCancelled: releaseCancelled,
    PaymentFailed: releaseUnpaid,
  },
  inputs: {
    ReservationOverdue: nudge,
  },
  lingers: ['OrderConfirmed'],
  lowPriority: [],
  publishes: ['InventoryReserved', 'InventoryUnavailable', 'InventoryReleased'],
  delaysMs: [],
};
