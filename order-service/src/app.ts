/** The composition root of order-service. */
import { createParticipant, createServiceHost, layFoundation, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { countOverdueOrders } from './adapters/database/order-store';
import { createWatch } from './adapters/http/order-watch';
import type { Config } from './config';
import { wireOrderService } from './participant';
import { service } from './service';

/** Puts order-service together: its participant, HTTP and Prisma. */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count('orders_unsettled_overdue', 'Unsettled orders that wait beyond their time, by status', () =>
    countOverdueOrders(pool),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const watch = createWatch();
  const participant = createParticipant({
    ...wireOrderService({ ...foundation, settings: config }),
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
