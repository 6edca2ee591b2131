/** The composition root of order-service. */
import { createServiceHost, layFoundation, startParticipant, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { countOverdueOrders, createOrderStore, overdueOrders } from './adapters/database/order-store';
import { createWatch } from './adapters/http/order-watch';
import type { Config } from './config';
import { service } from './service';

/** Puts order-service together and starts its participant; the HTTP server waits for start(). */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count('orders_unsettled_overdue', 'Unsettled orders that wait beyond their time, by status', () =>
    countOverdueOrders(pool),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const watch = createWatch();
  const participant = startParticipant({
    ...foundation,
    table: service,
    config,
    store: createOrderStore({ deadlineMs: config.ORDER_DEADLINE_MS, healingAfterMs: config.HEALING_AFTER_MS }),
    overdue: (limit) => overdueOrders(pool, limit),
    onCommitted: watch.notify,
  });
  return createServiceHost({
    config,
    foundation,
    participant,
    brokerRequired: false,
    http: {
      service: service.name,
      description: 'Takes orders and arbitrates what becomes of them.',
      routes: (server) => {
        addRoutes(server, { currency: config.CURRENCY, prisma, watch, command: participant.command });
      },
    },
    close: () => prisma.$disconnect(),
  });
}
