/** The wiring of payment-service: its table, store, performer and overdue query, on given servers. */
import type { Foundation, ParticipantOptions } from '@quadrille/service-chassis';
import { createPaymentStore, overduePayments } from './adapters/database/payment-store';
import { createPerformer } from './adapters/gateway/perform-effects';
import { retryDueSchema } from './adapters/gateway/retry-due';
import type { Config } from './config';
import type { PaymentEffect, PaymentInput } from './domain/messages';
import type { Payment } from './domain/payment';
import type { PaymentGateway } from './gateway';
import { service, type Heard } from './service';

/** What the wiring is given. */
export interface PaymentWiring extends Foundation {
  readonly settings: Pick<Config, 'RABBITMQ_URL' | 'HEALING_AFTER_MS' | 'GATEWAY_TIMEOUT_MS'>;
  readonly gateway: PaymentGateway;
}

/** Puts together what the participant of payment-service is created from. */
export function wirePaymentService({
  settings,
  gateway,
  ...foundation
}: PaymentWiring): ParticipantOptions<Payment, Heard, PaymentInput, PaymentEffect> {
  return {
    ...foundation,
    table: service,
    config: settings,
    store: createPaymentStore(settings.HEALING_AFTER_MS),
    own: retryDueSchema,
    perform: createPerformer(gateway, settings.GATEWAY_TIMEOUT_MS, foundation.log),
    overdue: (limit) => overduePayments(foundation.pool, limit),
  };
}
