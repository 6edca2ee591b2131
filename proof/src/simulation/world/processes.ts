/** The four services as their composition roots put them together, over the simulated servers. */
import {
  startParticipant,
  type CommonConfig,
  type Input,
  type Logger,
  type ServiceMetrics,
  type Store,
} from '@quadrille/service-chassis';
import type { Connect } from '@quadrille/service-chassis/src/broker/link-options';
import {
  createReservationStore,
  overdueReservations,
} from '@quadrille/inventory-service/src/adapters/database/reservation-store';
import { createDelivery } from '@quadrille/notification-service/src/adapters/mail/deliver';
import {
  createNotificationStore,
  overdueMails,
} from '@quadrille/notification-service/src/adapters/database/notification-store';
import { createOrderStore, overdueOrders } from '@quadrille/order-service/src/adapters/database/order-store';
import { createPerformer } from '@quadrille/payment-service/src/adapters/gateway/perform-effects';
import { retryDueSchema } from '@quadrille/payment-service/src/adapters/gateway/retry-due';
import { createPaymentStore, overduePayments } from '@quadrille/payment-service/src/adapters/database/payment-store';
import type { PaymentGateway } from '@quadrille/payment-service/src/gateway';
import type { Pool } from 'pg';
import { services } from '@quadrille/operator/src/services';
import { identityOf } from '../checkers/deliveries';

/** What a life is put together from. */
export interface Parts {
  readonly pool: Pool;
  readonly connect: Connect;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly gateway: PaymentGateway;
  /** Told the identities of the messages that a transaction decides about. */
  readonly onDeciding: (tx: object, identities: readonly string[]) => void;
  /** Told each message that was decided; may throw, as a decision may. */
  readonly onDecided: (input: Input<object>) => void;
}

/** The services' settings: their defaults, with a deadline short enough to be met by a delayed order. */
const config: CommonConfig = {
  HOST: '127.0.0.1',
  LOG_LEVEL: 'silent',
  DATABASE_URL: 'postgresql://simulated',
  DATABASE_POOL_SIZE: 8,
  RABBITMQ_URL: 'amqp://simulated',
  CURRENCY: 'USD',
  HEALING_AFTER_MS: 30_000,
};

/** Long enough for four attempts, short enough for outages to outlast it. */
const ORDER_DEADLINE_MS = 60_000;

/** The default of payment-service. */
const GATEWAY_TIMEOUT_MS = 2_000;

/** A store that says what it is loaded for, and what was decided on it. */
const watched = <State, Message extends object>(
  store: Store<State, Message>,
  { onDeciding, onDecided }: Parts,
): Store<State, Message> => ({
  load: (tx, inputs) => {
    onDeciding(tx, inputs.map(identityOf));
    return store.load(tx, inputs).then((states) => ({
      ...states,
      put: (input, ...decision) => {
        onDecided(input);
        states.put(input, ...decision);
      },
    }));
  },
});

/** Starts order-service as its app.ts does. */
export const startOrder = (parts: Parts) =>
  startParticipant({
    ...parts,
    table: services.order.table,
    config,
    store: watched(createOrderStore({ deadlineMs: ORDER_DEADLINE_MS, healingAfterMs: config.HEALING_AFTER_MS }), parts),
    overdue: (limit) => overdueOrders(parts.pool, limit),
  });

/** Starts inventory-service as its app.ts does, on a catalogue that was seeded before. */
export const startInventory = (parts: Parts, service = services.inventory.table) =>
  startParticipant({
    ...parts,
    table: service,
    config,
    store: watched(createReservationStore(config.HEALING_AFTER_MS), parts),
    overdue: (limit) => overdueReservations(parts.pool, limit),
  });

/** Starts payment-service as its app.ts does. */
export const startPayment = (parts: Parts, service = services.payment.table) =>
  startParticipant({
    ...parts,
    table: service,
    config,
    store: watched(createPaymentStore(config.HEALING_AFTER_MS), parts),
    own: retryDueSchema,
    perform: createPerformer(parts.gateway, GATEWAY_TIMEOUT_MS, parts.log),
    overdue: (limit) => overduePayments(parts.pool, limit),
  });

/** Starts notification-service as its app.ts does, without a mail server: every customer is told by the log. */
export const startNotification = (parts: Parts) =>
  startParticipant({
    ...parts,
    table: services.notification.table,
    config,
    store: watched(createNotificationStore({ mail: false, firstPauseMs: config.HEALING_AFTER_MS }), parts),
    // Prisma is asked for mails only, and without a mail server there are none.
    perform: createDelivery({ log: parts.log, prisma: undefined as never, mailer: undefined }),
    overdue: (limit) => overdueMails(parts.pool, limit),
  });
