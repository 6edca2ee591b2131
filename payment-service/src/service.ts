/** What payment-service hears, what it decides about it, and what it publishes. Start reading here. */
import type { ServiceTable } from '@quadrille/service-chassis';
import {
  callOff,
  concludeCharge,
  resume,
  concludeRefund,
  refundOnRequest,
  charge,
  concludeResolve,
  retry,
} from './domain/decide';
import type { PaymentEffect, PaymentInput } from './domain/messages';
import { RETRY_DELAYS_MS, type Payment } from './domain/payment';

/** The events that payment-service hears. */
export type Heard = 'InventoryReserved' | 'OrderCancelled';

/** The table of payment-service. */
export const service: ServiceTable<Payment, Heard, PaymentInput, PaymentEffect> = {
  name: 'payment-service',
  hears: {
    InventoryReserved: charge,
    OrderCancelled: callOff,
  },
  inputs: {
    ChargeAnswered: concludeCharge,
    ResolveAnswered: concludeResolve,
    RefundAnswered: concludeRefund,
    RetryDue: retry,
    PaymentOverdue: resume,
    RefundPayment: refundOnRequest,
  },
  lingers: [],
  lowPriority: [],
  publishes: ['PaymentProcessed', 'PaymentAttemptFailed', 'PaymentFailed', 'PaymentVoided', 'PaymentRefunded'],
  delaysMs: RETRY_DELAYS_MS,
};
