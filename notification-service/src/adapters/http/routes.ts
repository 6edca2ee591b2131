/** The HTTP operations of notification-service. */
import {
  lineSchema,
  pageOf,
  pageQuery,
  textSchema,
  toPage,
  type Handled,
  type HttpServer,
  type Input,
} from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { Notification, PrismaClient } from '../../../generated/prisma/client';
import type { NotificationCommand, NotificationState } from '../../domain/notification';

/** Longest address: what SMTP can carry (RFC 5321, a path of 256 octets). */
const EMAIL_MAX_LENGTH = 254;

/** Longest subject, in characters: what mail programs show, several times over. */
const SUBJECT_MAX_LENGTH = 200;

/** Longest message, in characters: about three pages. */
const MESSAGE_MAX_LENGTH = 10_000;

/** What the routes are made of. */
export interface RouteOptions {
  readonly prisma: PrismaClient;
  readonly command: (input: Input<NotificationCommand>) => Promise<Handled<NotificationState>>;
}

const notificationSchema = z
  .object({
    notification_id: z.string(),
    customer_id: z.string(),
    order_id: z.string().nullable().meta({ description: 'null: about no order' }),
    kind: z.enum([
      'PAYMENT_RECEIVED',
      'CONFIRMED',
      'COMPLETED',
      'REJECTED',
      'FAILED',
      'CANCELLED',
      'REFUNDED',
      'DIRECT',
    ]),
    subject: z.string(),
    message: z.string(),
    channel: z.enum(['log', 'smtp']),
    created_at: z.string(),
  })
  .meta({ id: 'Notification' });

const toView = (notification: Notification): z.infer<typeof notificationSchema> => ({
  notification_id: notification.notificationId,
  customer_id: notification.customerId,
  order_id: notification.orderId,
  kind: notification.kind,
  subject: notification.subject,
  message: notification.message,
  channel: notification.channel,
  created_at: notification.createdAt.toISOString(),
});

const notifySchema = z.strictObject({
  customer_id: idSchema,
  subject: lineSchema(SUBJECT_MAX_LENGTH),
  message: textSchema(MESSAGE_MAX_LENGTH),
});

const byCustomer = z.object({ customer_id: idSchema });

/** Adds the routes. */
export function addRoutes(server: HttpServer, options: RouteOptions): void {
  addNotifyRoute(server, options);
  addListRoute(server, options);
  addCustomerRoute(server, options);
}

function addNotifyRoute(server: HttpServer, { prisma, command }: RouteOptions): void {
  server.post(
    '/notifications',
    {
      schema: {
        tags: ['notifications'],
        summary: 'Tell a customer something that is about no order',
        body: notifySchema,
        response: { 202: notificationSchema },
      },
    },
    async (request, reply) => {
      const { customer_id: customerId, subject, message } = request.body;
      const notificationId = uuidv7();
      await command({
        key: notificationId,
        message: { type: 'Notify', customerId, subject, message },
        cause: { traceparent: request.traceparent },
      });
      const stored = await prisma.notification.findUniqueOrThrow({ where: { notificationId } });
      return reply.status(202).send(toView(stored));
    },
  );
}

/** A customer's notifications, as their cursors name them. */
const NOTIFICATIONS = 'notifications';

function addListRoute(server: HttpServer, { prisma }: RouteOptions): void {
  server.get(
    '/notifications/customer/:customer_id',
    {
      schema: {
        tags: ['notifications'],
        summary: 'What a customer was told, newest first',
        params: byCustomer,
        querystring: z.strictObject(pageQuery(NOTIFICATIONS)),
        response: { 200: pageOf(notificationSchema) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const notifications = await prisma.notification.findMany({
        where: {
          // As a range, so that the order is that of this index alone: the primary key's would walk through
          // everybody's.
          customerId: { gte: request.params.customer_id, lte: request.params.customer_id },
          ...(cursor === undefined ? {} : { notificationId: { lt: cursor } }),
        },
        // Ids are UUIDv7: their order is the order of time.
        orderBy: [{ customerId: 'asc' }, { notificationId: 'desc' }],
        take: limit + 1,
      });
      return toPage(NOTIFICATIONS, notifications, limit, toView, ({ notificationId }) => notificationId);
    },
  );
}

function addCustomerRoute(server: HttpServer, { prisma }: RouteOptions): void {
  const email = z.email().max(EMAIL_MAX_LENGTH);
  server.put(
    '/customers/:customer_id',
    {
      schema: {
        tags: ['customers'],
        summary: 'Set where mail reaches a customer',
        params: byCustomer,
        body: z.strictObject({ email }),
        response: { 200: z.object({ customer_id: z.string(), email: z.string() }) },
      },
    },
    async (request) => {
      const { customer_id: customerId } = request.params;
      const stored = await prisma.customer.upsert({
        where: { customerId },
        create: { customerId, email: request.body.email },
        update: { email: request.body.email },
      });
      return { customer_id: stored.customerId, email: stored.email };
    },
  );
}
