/** Which service publishes and hears each event: the documented protocol against the services' own tables. */
import { eventTypes, publisherOf, type EventType } from '@quadrille/shared-events';
import { services } from '@quadrille/operator/src/services';

const tables = Object.values(services).map(({ table }) => table);

const hearers: Record<EventType, readonly string[]> = {
  OrderCreated: ['inventory-service'],
  OrderConfirmed: ['inventory-service', 'notification-service'],
  OrderCompleted: ['notification-service'],
  OrderCancelled: ['inventory-service', 'payment-service', 'notification-service'],
  InventoryReserved: ['order-service', 'payment-service'],
  InventoryUnavailable: ['order-service', 'notification-service'],
  InventoryReleased: ['order-service'],
  PaymentProcessed: ['order-service', 'notification-service'],
  PaymentAttemptFailed: ['order-service'],
  PaymentFailed: ['order-service', 'inventory-service', 'notification-service'],
  PaymentVoided: ['order-service'],
  PaymentRefunded: ['order-service', 'notification-service'],
};

test.each(eventTypes)(
  '%s is announced by its publisher alone, and heard by exactly the services it concerns',
  (type) => {
    const hear = tables.filter(({ hears }) => Object.hasOwn(hears, type)).map(({ name }) => name);
    expect(hear.sort()).toEqual([...hearers[type]].sort());
    const publishers = tables
      .filter(({ publishes }) => publishes.some((name) => name === type))
      .map(({ name }) => name);
    expect(publishers).toEqual([publisherOf(type)]);
  },
);

test.each(tables)('$name hears nothing that nobody says', ({ hears }) => {
  expect(Object.keys(hears).filter((name) => !eventTypes.some((type) => type === name))).toEqual([]);
});
