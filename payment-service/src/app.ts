/** The composition root of payment-service. */
import { createParticipant, createServiceHost, layFoundation, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { createSimulatedGateway } from './adapters/gateway/simulated-gateway';
import { countOverduePayments } from './adapters/database/payment-store';
import type { Config } from './config';
import type { PaymentGateway } from './gateway';
import { wirePaymentService } from './participant';
import { service } from './service';

/**
 * Puts payment-service together: its participant, the bank behind it, HTTP and Prisma. `gateway` replaces the simulated
 * bank.
 */
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
  const participant = createParticipant(wirePaymentService({ ...foundation, settings: config, gateway: bank }));
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
