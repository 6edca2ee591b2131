/** What reaches a payment besides events, what it has done by the gateway, and what its decisions look like. */
import type { Decision } from '@quadrille/service-chassis';
import type { Payment } from './payment';

/** What the gateway can say to a charge. */
export type ChargeAnswer = 'charged' | 'declined' | 'not processed' | 'no answer';
/** What the gateway can say when it is asked what became of a charge, and to void it if nothing did. */
export type ResolveAnswer = 'charged' | 'declined' | 'void' | 'unreachable';
/** What the gateway can say to a refund. */
export type RefundAnswer = 'refunded' | 'unreachable';

/** What reaches payment-service besides events. */
export type PaymentInput =
  | { readonly type: 'ChargeAnswered'; readonly attempt: number; readonly answer: ChargeAnswer }
  | { readonly type: 'ResolveAnswered'; readonly answer: ResolveAnswer }
  | { readonly type: 'RefundAnswered'; readonly answer: RefundAnswer }
  | { readonly type: 'RetryDue'; readonly attempt: number }
  | { readonly type: 'PaymentOverdue' }
  | { readonly type: 'RefundPayment' };

/** What payment-service has done by the gateway. */
export type PaymentEffect =
  | {
      readonly type: 'Charge';
      readonly attempt: number;
      readonly amountMinor: number;
      readonly currency: string;
      readonly method: string;
    }
  | { readonly type: 'Resolve'; readonly tries: number }
  | { readonly type: 'Refund'; readonly tries: number };

/** What payment-service decides. */
export type PaymentDecision = Decision<Payment, PaymentEffect, PaymentInput>;
