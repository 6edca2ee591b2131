import { service as inventory } from '@quadrille/inventory-service';
import { service as notification } from '@quadrille/notification-service';
import { service as order } from '@quadrille/order-service';
import { service as payment } from '@quadrille/payment-service';
import { deriveTopology } from './topology/topology';

/** The services by their short names, in the order of the saga, each with its usual HTTP port. */
export const services = {
  order: { table: order, port: 8001 },
  inventory: { table: inventory, port: 8002 },
  payment: { table: payment, port: 8003 },
  notification: { table: notification, port: 8004 },
} as const;

/** `order`, `inventory`, `payment` or `notification`. */
export type ShortName = keyof typeof services;

/** The short names, in the order of the saga. */
// Object.keys forgets the key type; the keys are exactly those of `services`.
export const shortNames = Object.keys(services) as readonly ShortName[];

/** Everything the four services need in the broker. */
export const topology = deriveTopology(shortNames.map((name) => services[name].table));
