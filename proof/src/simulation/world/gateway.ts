/**
 * The way to the bank: requests and answers take time, come late, or never; the bank itself is payment-service's own.
 */
import { createSimulatedGateway } from '@quadrille/payment-service/src/adapters/gateway/simulated-gateway';
import type { PaymentGateway } from '@quadrille/payment-service/src/gateway';
import type { Pool } from 'pg';
import type { Random } from '../engine/random';
import type { Owner, Scheduler } from '../engine/scheduler';

/** What may happen to one call. */
export interface Call {
  /** How late the request reaches the bank, in milliseconds. */
  readonly requestMs: number;
  /** How late the answer comes; undefined when it never comes. */
  readonly answerMs: number | undefined;
}

/** What may go wrong on the way. */
export interface GatewayFaults {
  /** Asked for each call; undefined when the bank cannot be reached. The caller may die here. */
  call(owner: Owner): Call | undefined;
}

/** The bank's share of charges that it processes when it draws (payment-service's default). */
const SUCCESS_RATE = 0.8;

/** The bank: it goes on when payment-service dies. */
export const createBank = (pool: Pool): PaymentGateway =>
  createSimulatedGateway({ pool, successRate: SUCCESS_RATE, latencyMs: [0, 0] });

/** The bank as one replica of payment-service sees it. */
export function createGateway(options: {
  readonly bank: PaymentGateway;
  readonly bankOwner: Owner;
  readonly owner: Owner;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: GatewayFaults;
}): PaymentGateway {
  const { bank, bankOwner, owner, scheduler, faults } = options;
  const ask = <Answer>(work: () => Promise<Answer>, unreachable: Answer | undefined) =>
    new Promise<Answer>((resolve, reject) => {
      if (!owner.alive) return;
      const call = faults.call(owner);
      if (!call) {
        scheduler.after(1, owner, () => {
          if (unreachable === undefined) reject(new Error('connect ECONNREFUSED'));
          else resolve(unreachable);
        });
        return;
      }
      const { requestMs, answerMs } = call;
      scheduler.after(requestMs, bankOwner, () => {
        const answered = (tell: () => void) => {
          if (answerMs !== undefined) scheduler.after(answerMs, owner, tell);
        };
        work().then(
          (answer) => {
            answered(() => {
              resolve(answer);
            });
          },
          (error: unknown) => {
            answered(() => {
              reject(error instanceof Error ? error : new Error(String(error)));
            });
          },
        );
      });
    });
  return {
    // Refused by a bank that is down: it certainly did not process anything.
    charge: (request) => ask(() => bank.charge(request), 'not processed'),
    resolve: (key, reference) => ask(() => bank.resolve(key, reference), undefined),
    refund: (key, chargeKey) => ask(() => bank.refund(key, chargeKey), undefined),
  };
}
