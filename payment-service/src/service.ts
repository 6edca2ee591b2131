/** What payment-service hears, what it decides about it, and what it announces. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import {
  cancelled,
  chargeAnswered,
  overdue,
  refundAnswered,
  refundOnRequest,
  reserved,
  resolveAnswered,
  retryDue,
} from './domain/decide';
import type { PaymentEffect, PaymentInput } from './domain/messages';
import { RETRY_DELAYS_MS, type Payment } from './domain/payment';

/** The events that payment-service hears. */
export type Heard = 'InventoryReserved' | 'OrderCancelled';

/** The table of payment-service. */
export const service: ServiceTable<Payment, Heard, PaymentInput, PaymentEffect> = {
  name: 'payment-service',
  hears: {
    InventoryReserved: reserved,
    OrderCancelled: cancelled,
  },
  inputs: {
    ChargeAnswered: chargeAnswered,
    ResolveAnswered: resolveAnswered,
    RefundAnswered: refundAnswered,
    RetryDue: retryDue,
    PaymentOverdue: overdue,
    RefundPayment: refundOnRequest,
  },
  lingers: [],
  lowPriority: [],
  announces: ['PaymentProcessed', 'PaymentAttemptFailed', 'PaymentFailed', 'PaymentVoided', 'PaymentRefunded'],
  delaysMs: RETRY_DELAYS_MS,
};
