/** The payment gateway as a port: what payment-service needs of a bank, and nothing of how one speaks. */
import type { ChargeAnswer, RefundAnswer, ResolveAnswer } from './domain/messages';

/** A charge. The same key is the same charge, for ever: asked again, the gateway says what became of it. */
export interface ChargeRequest {
  readonly key: string;
  /** The order, for the bank's statement. */
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
}

/** A gateway. Each call may take long or reject; whoever calls bounds it (see createPerformer). */
export interface PaymentGateway {
  /** `not processed` is certain (refused, 503 by contract); anything uncertain must be `no answer`. */
  charge(request: ChargeRequest): Promise<ChargeAnswer>;
  /**
   * Asks what became of a charge and voids it in the same operation if nothing did: no late request can land any more.
   */
  resolve(key: string, reference: string): Promise<ResolveAnswer>;
  /** Gives a charge back; the same key is the same refund, for ever. */
  refund(key: string, chargeKey: string): Promise<RefundAnswer>;
}
