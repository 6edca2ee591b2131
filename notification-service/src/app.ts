/** The composition root of notification-service. */
import { createServiceHost, layFoundation, startParticipant, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { createDelivery } from './adapters/mail/deliver';
import { addRoutes } from './adapters/http/routes';
import { createMailer } from './adapters/mail/mailer';
import { countOverdueMails, createNotificationStore, overdueMails } from './adapters/database/notification-store';
import type { Config } from './config';
import { service } from './service';

/** Puts notification-service together and starts its participant; the HTTP server waits for start(). */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count(
    'notifications_overdue',
    'Mails that are not out after their first try, by kind of notification',
    () => countOverdueMails(pool),
  );
  const { SMTP_URL, SMTP_FROM } = config;
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const mailer = SMTP_URL === undefined || SMTP_FROM === undefined ? undefined : createMailer(SMTP_URL, SMTP_FROM);
  const participant = startParticipant({
    ...foundation,
    table: service,
    config,
    store: createNotificationStore({ mail: mailer !== undefined, firstPauseMs: config.HEALING_AFTER_MS }),
    perform: createDelivery({ log, prisma, mailer }),
    overdue: (limit) => overdueMails(pool, limit),
  });
  return createServiceHost({
    config,
    foundation,
    participant,
    brokerRequired: true,
    http: {
      service: service.name,
      description: 'Tells customers what became of their orders, once each.',
      routes: (server) => {
        addRoutes(server, { prisma, command: (input) => participant.command(input) });
      },
    },
    close: async () => {
      mailer?.close();
      await prisma.$disconnect();
    },
  });
}
