/** The composition root of notification-service. */
import { createParticipant, createServiceHost, layFoundation, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { createMailer } from './adapters/mail/mailer';
import { findUnsentMail } from './adapters/database/notification-queries';
import { countOverdueMails } from './adapters/database/notification-store';
import type { Config } from './config';
import type { Kind } from './domain/notification';
import { wireNotificationService } from './participant';
import { service } from './service';

/** Puts notification-service together: its participant, the way to the mail server, HTTP and Prisma. */
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
  const mail = mailer && { mailer, findUnsent: (key: string, kind: Kind) => findUnsentMail(prisma, key, kind) };
  const participant = createParticipant(wireNotificationService({ ...foundation, settings: config, mail }));
  return createServiceHost({
    config,
    foundation,
    participant,
    brokerRequired: true,
    http: {
      service: service.name,
      description: 'Tells customers what became of their orders, once each.',
      routes: (server) => {
        addRoutes(server, { prisma, command: participant.command });
      },
    },
    close: async () => {
      mailer?.close();
      await prisma.$disconnect();
    },
  });
}
