/** The composition root of inventory-service. */
import {
  createParticipant,
  createServiceHost,
  layFoundation,
  type App,
  type Logger,
  type Store,
} from '@quadrille/service-chassis';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
import { addRoutes } from './adapters/http/routes';
import { createSeeding, type Seeding } from './adapters/database/seed-catalogue';
import { countOverdueReservations } from './adapters/database/reservation-store';
import type { Config } from './config';
import { wireInventoryService } from './participant';
import { service } from './service';

/**
 * A store that waits for the catalogue: an order that waited for the very first start must not find an empty one. Once
 * the catalogue is there, nothing is awaited: statements that are sent in the same turn as BEGIN travel with it.
 */
const afterSeeding = <State, Message>(store: Store<State, Message>, seeding: Seeding): Store<State, Message> => ({
  load: (tx, inputs) => (seeding.isDone() ? store.load(tx, inputs) : seeding.done.then(() => store.load(tx, inputs))),
});

/** Puts inventory-service together: its participant, the seeding of its catalogue, HTTP and Prisma. */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const foundation = layFoundation(service.name, config, log);
  const { pool } = foundation;
  foundation.metrics.count(
    'reservations_overdue',
    'Reservations that wait for their payment beyond their time, by status',
    () => countOverdueReservations(pool),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const seeding = createSeeding(pool, config.CURRENCY, log);
  const wiring = wireInventoryService({ ...foundation, settings: config });
  const participant = createParticipant({ ...wiring, store: afterSeeding(wiring.store, seeding) });
  return createServiceHost({
    config,
    foundation,
    participant: {
      start: () => {
        seeding.start();
        participant.start();
      },
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
