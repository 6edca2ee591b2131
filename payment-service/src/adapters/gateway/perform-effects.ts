/** Performs what the decisions asked of the gateway, within its timeout, under one key for ever. */
import { failpoint, withTimeout, type Logger, type RequestedEffect } from '@quadrille/service-chassis';
import type { PaymentEffect, PaymentInput } from '../../domain/messages';
import type { PaymentGateway } from '../../gateway';

/** Tries after which a gateway that stays unreachable is worth an operator's attention. */
const ALERT_AFTER_TRIES = 5;

/** The gateway's key for the charge of an order. */
const chargeKey = (orderId: string): string => `charge-${orderId}`;

/** The gateway's key for the refund of an order. */
const refundKey = (orderId: string): string => `refund-${orderId}`;

/** Resolves with the gateway's answer, or with `otherwise` when it does not come in time or the call fails. */
function answerOf<Answer>(call: Promise<Answer>, timeoutMs: number, otherwise: Answer): Promise<Answer> {
  return withTimeout(
    call.catch(() => otherwise),
    timeoutMs,
    () => otherwise,
  );
}

/** Creates the performer. It resolves with the input of a decision, never rejects, and takes at most `timeoutMs`. */
export function createPerformer(gateway: PaymentGateway, timeoutMs: number, log: Logger) {
  return async ({ key: orderId, effect }: RequestedEffect<PaymentEffect>): Promise<PaymentInput> => {
    switch (effect.type) {
      case 'Charge': {
        const { attempt, amountMinor, currency, method } = effect;
        const request = { key: chargeKey(orderId), reference: orderId, amountMinor, currency, method };
        await failpoint('before_call');
        const answer = await answerOf(gateway.charge(request), timeoutMs, 'no answer');
        await failpoint('after_call');
        return { type: 'ChargeAnswered', attempt, answer };
      }
      case 'Resolve': {
        const answer = await answerOf(gateway.resolve(chargeKey(orderId), orderId), timeoutMs, 'unreachable');
        if (answer === 'unreachable') alert(log, orderId, effect);
        return { type: 'ResolveAnswered', answer };
      }
      case 'Refund': {
        await failpoint('before_refund');
        const answer = await answerOf(gateway.refund(refundKey(orderId), chargeKey(orderId)), timeoutMs, 'unreachable');
        if (answer === 'unreachable') alert(log, orderId, effect);
        await failpoint('after_refund');
        return { type: 'RefundAnswered', answer };
      }
    }
  };
}

function alert(log: Logger, orderId: string, { type, tries }: { readonly type: string; readonly tries: number }): void {
  if (tries >= ALERT_AFTER_TRIES)
    log.error({ order_id: orderId, effect: type, tries }, 'the gateway stays unreachable; it is asked again for ever');
}
