/** The HTTP operations of payment-service. */
import {
  noBodySchema,
  sendProblem,
  toDecimal,
  type Handled,
  type HttpServer,
  type Input,
} from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import { z } from 'zod';
import type { PrismaClient } from '../../../generated/prisma/client';
import type { PaymentInput } from '../../domain/messages';
import { TIMER_GRACE_MS, type Payment } from '../../domain/payment';

/** What the routes are made of. */
export interface RouteOptions {
  readonly prisma: PrismaClient;
  readonly command: (input: Input<PaymentInput>) => Promise<Handled<Payment>>;
}

const paymentSchema = z
  .object({
    payment_id: z.string(),
    order_id: z.string(),
    status: z.enum([
      'CHARGING',
      'RETRY_WAIT',
      'RESOLVING',
      'SUCCEEDED',
      'FAILED',
      'VOIDED',
      'REFUND_PENDING',
      'REFUNDED',
    ]),
    amount: z
      .string()
      .nullable()
      .meta({ description: 'null when the order was cancelled before anything was to be paid' }),
    currency: z.string().nullable(),
    attempts: z.int(),
    reason: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Payment' });

type Row = NonNullable<Awaited<ReturnType<PrismaClient['payment']['findUnique']>>>;

function nextAttemptAt({ status, dueAt }: Row): string | null {
  if (!dueAt) return null;
  if (status === 'RETRY_WAIT') return new Date(dueAt.getTime() - TIMER_GRACE_MS).toISOString();
  return status === 'RESOLVING' || status === 'REFUND_PENDING' ? dueAt.toISOString() : null;
}

const toView = (row: Row): z.infer<typeof paymentSchema> => ({
  payment_id: row.paymentId,
  order_id: row.orderId,
  status: row.status,
  amount: row.amountMinor === null ? null : toDecimal(Number(row.amountMinor)),
  currency: row.currency,
  attempts: row.attempt,
  reason: row.reason,
  next_attempt_at: nextAttemptAt(row),
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

const REFUNDABLE: readonly Payment['status'][] = ['REFUND_PENDING', 'REFUNDED'];

/** Adds the routes. */
export function addRoutes(server: HttpServer, { prisma, command }: RouteOptions): void {
  const byPayment = z.object({ payment_id: idSchema });
  server.get(
    '/payments/:payment_id',
    { schema: { tags: ['payments'], summary: 'One payment', params: byPayment, response: { 200: paymentSchema } } },
    async (request, reply) => {
      const { payment_id: paymentId } = request.params;
      const row = await prisma.payment.findUnique({ where: { paymentId } });
      return row ? toView(row) : sendProblem(reply, 404, `There is no payment ${paymentId}.`);
    },
  );
  server.get(
    '/payments/order/:order_id',
    {
      schema: {
        tags: ['payments'],
        summary: 'The payment of an order',
        params: z.object({ order_id: idSchema }),
        response: { 200: paymentSchema },
      },
    },
    async (request, reply) => {
      const { order_id: orderId } = request.params;
      const row = await prisma.payment.findUnique({ where: { orderId } });
      return row ? toView(row) : sendProblem(reply, 404, `There is no payment for order ${orderId}.`);
    },
  );
  server.post(
    '/payments/:payment_id/refund',
    {
      schema: {
        tags: ['payments'],
        summary: 'Give the money back',
        params: byPayment,
        body: noBodySchema,
        response: { 202: paymentSchema },
      },
    },
    async (request, reply) => {
      const { payment_id: paymentId } = request.params;
      const found = await prisma.payment.findUnique({ where: { paymentId } });
      if (!found) return sendProblem(reply, 404, `There is no payment ${paymentId}.`);
      const { state } = await command({
        key: found.orderId,
        message: { type: 'RefundPayment' },
        cause: { traceparent: request.traceparent },
      });
      if (!REFUNDABLE.includes(state.status))
        return sendProblem(reply, 409, `The payment is ${state.status}. Only one that SUCCEEDED can be refunded.`);
      const row = await prisma.payment.findUniqueOrThrow({ where: { paymentId } });
      return reply.status(202).send(toView(row));
    },
  );
}
