/** The participants of the four services, each from the wiring that its app.ts uses, over the simulated servers. */
import {
  createParticipant,
  type Foundation,
  type Input,
  type Participant,
  type ParticipantOptions,
  type Store,
} from '@quadrille/service-chassis';
import type { Connect } from '@quadrille/service-chassis/src/broker/link-options';
import type { services } from '@quadrille/operator/src/services';
import { wireInventoryService } from '@quadrille/inventory-service/src/participant';
import { wireNotificationService } from '@quadrille/notification-service/src/participant';
import { wireOrderService } from '@quadrille/order-service/src/participant';
import type { PaymentGateway } from '@quadrille/payment-service/src/gateway';
import { wirePaymentService } from '@quadrille/payment-service/src/participant';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import { identityOf } from '../checkers/deliveries';

/** What a process is put together from. */
export interface Parts {
  readonly foundation: Foundation;
  readonly connect: Connect;
  readonly gateway: PaymentGateway;
  /** Told the identities of the messages that a transaction decides about. */
  readonly onDeciding: (tx: object, identities: readonly string[]) => void;
  /** Told each message that was decided; may throw, as a decision may. */
  readonly onDecided: (input: Input<object>) => void;
}

/** The services' settings: their defaults, with a deadline that a delayed order meets. */
const settings = {
  RABBITMQ_URL: 'amqp://simulated',
  HEALING_AFTER_MS: 30_000,
  /** Long enough for four attempts, short enough for outages to outlast it. */
  ORDER_DEADLINE_MS: 60_000,
  GATEWAY_TIMEOUT_MS: 2_000,
};

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

/** Starts what was wired, on the simulated broker, with its decisions watched; `table` may hold a planted mistake. */
function startWatched<
  State,
  Heard extends EventType,
  Own extends { readonly type: string },
  Effect extends { readonly type: string },
>(
  wiring: ParticipantOptions<State, Heard, Own, Effect>,
  parts: Parts,
  table = wiring.table,
): Participant<State, DomainEvent<Heard> | Own> {
  const store = watched<State, DomainEvent<Heard> | Own>(wiring.store, parts);
  const participant = createParticipant({ ...wiring, table, store, connect: parts.connect });
  participant.start();
  return participant;
}

/** Starts order-service. */
export const startOrder = (parts: Parts) => startWatched(wireOrderService({ ...parts.foundation, settings }), parts);

/** Starts inventory-service, on a catalogue that was seeded before. */
export const startInventory = (parts: Parts, table?: typeof services.inventory.table) =>
  startWatched(wireInventoryService({ ...parts.foundation, settings }), parts, table);

/** Starts payment-service. */
export const startPayment = (parts: Parts, table?: typeof services.payment.table) =>
  startWatched(wirePaymentService({ ...parts.foundation, settings, gateway: parts.gateway }), parts, table);

/** Starts notification-service, without a mail server: every customer is told by the log. */
export const startNotification = (parts: Parts) =>
  startWatched(wireNotificationService({ ...parts.foundation, settings, mail: undefined }), parts);
