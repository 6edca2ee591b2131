/** The composition root of inventory-service. */
import { createServiceHost, layFoundation, startParticipant, type App, type Logger } from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { startSeeding } from './adapters/database/seed-catalogue';
import {
  countOverdueReservations,
  createReservationStore,
  overdueReservations,
} from './adapters/database/reservation-store';
import type { Config } from './config';
import { service } from './service';

/** Puts inventory-service together and starts its participant; the HTTP server waits for start(). */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count(
    'reservations_overdue',
    'Reservations that wait for their payment beyond their time, by status',
    () => countOverdueReservations(pool),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const seeding = startSeeding(pool, config.CURRENCY, log);
  const store = createReservationStore(config.HEALING_AFTER_MS);
  const participant = startParticipant({
    ...foundation,
    table: service,
    config,
    store: {
      // An order that waited for the very first start must not find an empty catalogue. Once it is there, nothing is awaited:
      // what is asked in the same turn as BEGIN travels with it.
      load: (tx, inputs) =>
        seeding.isDone() ? store.load(tx, inputs) : seeding.done.then(() => store.load(tx, inputs)),
    },
    overdue: (limit) => overdueReservations(pool, limit),
  });
  return createServiceHost({
    config,
    foundation,
    participant: {
      problems: () => ({ ...seeding.problems(), ...participant.problems() }),
      stop: () => {
        seeding.stop();
        return participant.stop();
      },
    },
    brokerRequired: true,
    http: {
      service: service.name,
      description: 'Keeps the catalogue and its stock, and reserves it for orders: all lines or none.',
      routes: (server) => {
        addRoutes(server, { currency: config.CURRENCY, prisma, pool });
      },
    },
    close: () => prisma.$disconnect(),
  });
}
