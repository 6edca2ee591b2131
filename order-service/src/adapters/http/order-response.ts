/** What the routes of order-service have in common. */
import type { Handled, Input } from '@quadrille/service-chassis';
import type { FastifyReply } from 'fastify';
import type { PrismaClient } from '../../../generated/prisma/client';
import type { OrderCommand, OrderState } from '../../domain/decide';
import type { StoredOrder } from '../database/stored-order';
import type { Watch } from './order-watch';
import { toView } from './schemas';

/** When a client should look again at an order that is PENDING, in seconds. */
const RETRY_AFTER_S = 1;

/** What the routes are made of. */
export interface RouteOptions {
  readonly currency: string;
  readonly prisma: PrismaClient;
  readonly watch: Watch;
  readonly command: (input: Input<OrderCommand>) => Promise<Handled<OrderState>>;
}

/** Answers with an order: where it is, its version, and when to look again. */
export function sendOrder(reply: FastifyReply, status: number, order: StoredOrder): FastifyReply {
  void reply.header('etag', `"${String(order.version)}"`);
  if (order.status === 'PENDING') void reply.header('retry-after', String(RETRY_AFTER_S));
  return reply.status(status).send(toView(order));
}
