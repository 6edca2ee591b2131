/** The wiring of order-service: its table, store and overdue query, on given servers. */
import type { Foundation, ParticipantOptions } from '@quadrille/service-chassis';
import { createOrderStore, overdueOrders } from './adapters/database/order-store';
import type { Config } from './config';
import type { OrderCommand, OrderState } from './domain/decide';
import { service, type Heard } from './service';

/** What the wiring is given. */
export interface OrderWiring extends Foundation {
  readonly settings: Pick<Config, 'RABBITMQ_URL' | 'ORDER_DEADLINE_MS' | 'HEALING_AFTER_MS'>;
}

/** Puts together what the participant of order-service is created from. */
export function wireOrderService({
  settings,
  ...foundation
}: OrderWiring): ParticipantOptions<OrderState, Heard, OrderCommand, never> {
  return {
    ...foundation,
    table: service,
    config: settings,
    store: createOrderStore({ deadlineMs: settings.ORDER_DEADLINE_MS, healingAfterMs: settings.HEALING_AFTER_MS }),
    overdue: (limit) => overdueOrders(foundation.pool, limit),
  };
}
