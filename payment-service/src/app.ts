/** The composition root of payment-service. */
import { createServiceHost, layFoundation, startParticipant, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { createPerformer } from './adapters/gateway/perform-effects';
import { addRoutes } from './adapters/http/routes';
import { retryDueSchema } from './adapters/gateway/retry-due';
import { createSimulatedGateway } from './adapters/gateway/simulated-gateway';
import { countOverduePayments, createPaymentStore, overduePayments } from './adapters/database/payment-store';
import type { Config } from './config';
import type { PaymentGateway } from './gateway';
import { service } from './service';

/** Puts payment-service together and starts its participant. Another gateway may be put in place of the simulated one. */
export async function createApp(config: Config, log: Logger, gateway?: PaymentGateway): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count('payments_overdue', 'Payments that wait beyond their time, by status', () =>
    countOverduePayments(pool),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const bank =
    gateway ??
    createSimulatedGateway({ pool, successRate: config.PAYMENT_SUCCESS_RATE, latencyMs: config.PAYMENT_LATENCY_MS });
  const participant = startParticipant({
    ...foundation,
    table: service,
    config,
    store: createPaymentStore(config.HEALING_AFTER_MS),
    own: retryDueSchema,
    perform: createPerformer(bank, config.GATEWAY_TIMEOUT_MS, log),
    overdue: (limit) => overduePayments(pool, limit),
  });
  return createServiceHost({
    config,
    foundation,
    participant,
    brokerRequired: true,
    http: {
      service: service.name,
      description: 'Takes the money, gives it back, and never keeps what is not its own.',
      routes: (server) => {
        addRoutes(server, { prisma, command: participant.command });
      },
    },
    close: () => prisma.$disconnect(),
  });
}
