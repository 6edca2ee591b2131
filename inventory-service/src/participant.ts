/** The wiring of inventory-service: its table, store and overdue query, on given servers. */
import type { Foundation, ParticipantOptions } from '@quadrille/service-chassis';
import { createReservationStore, overdueReservations } from './adapters/database/reservation-store';
import type { Config } from './config';
import type { ReservationCommand } from './domain/decide';
import type { ReservationState } from './domain/reservation';
import { service, type Heard } from './service';

/** What the wiring is given. */
export interface InventoryWiring extends Foundation {
  readonly settings: Pick<Config, 'RABBITMQ_URL' | 'HEALING_AFTER_MS'>;
}

/** Puts together what the participant of inventory-service is created from. Its store expects a seeded catalogue. */
export function wireInventoryService({
  settings,
  ...foundation
}: InventoryWiring): ParticipantOptions<ReservationState, Heard, ReservationCommand, never> {
  return {
    ...foundation,
    table: service,
    config: settings,
    store: createReservationStore(settings.HEALING_AFTER_MS),
    overdue: (limit) => overdueReservations(foundation.pool, limit),
  };
}
