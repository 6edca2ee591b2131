/** The rows of the four state tables, asked of the services' tables. */
import type { EventType } from '@quadrille/shared-events';
import type { Participant } from '../model/saga';
import { askInventory } from './ask-inventory';
import { askNotification, tellings, type Telling } from './ask-notification';
import { askOrder } from './ask-order';
import { askPayment } from './ask-payment';
import type { Asked } from './asked';
import type { Reachable } from './reachable';
import { rowsOf, type Row } from './rows';
import { services } from '@quadrille/operator/src/services';
import { notificationStates, orderStates, paymentStates, reservationStates } from './words';

/** The tables of the four services. They are an argument so that a test can change a decision and see it told. */
export const ownTables = {
  order: services.order.table,
  inventory: services.inventory.table,
  payment: services.payment.table,
  notification: services.notification.table,
};

/** Everything that docs/protocol.md says about decisions. */
export interface Decided {
  readonly order: readonly Row[];
  readonly inventory: readonly Row[];
  readonly payment: readonly Row[];
  readonly notification: readonly Row[];
  readonly tellings: readonly Telling[];
}

/** Leaves out what was asked about an event that cannot come in this state: to tell of it would only confuse. */
const onlyPossible = (asked: readonly Asked[], { hears }: { readonly hears: object }, reachable: Reachable) =>
  // A message that is a key of `hears` is an event.
  asked.filter(({ state, message }) => !(message in hears) || reachable.hears(state, message as EventType));

/** Asks all four tables about everything that can be reached. */
export function askTables(reachable: Readonly<Record<Participant, Reachable>>, tables = ownTables): Decided {
  const { order, inventory, payment, notification } = tables;
  const rows = (states: object, asked: readonly Asked[]) => rowsOf(Object.keys(states), asked);
  return {
    order: rows(orderStates, onlyPossible(askOrder(reachable.order.states, order), order, reachable.order)),
    inventory: rows(
      reservationStates,
      onlyPossible(askInventory(reachable.inventory.states, inventory), inventory, reachable.inventory),
    ),
    payment: rows(
      paymentStates,
      onlyPossible(askPayment(reachable.payment.states, payment), payment, reachable.payment),
    ),
    notification: rows(notificationStates, askNotification(notification)),
    tellings: tellings(notification),
  };
}
