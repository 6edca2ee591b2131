/** What is in the four databases, and what the services ask of them. */
import type { ShortName } from '@quadrille/operator/src/services';
import { chassisStatements, createChassisTables, type ChassisTables } from '../database/chassis-tables';
import { createInventoryTables, inventoryStatements, type InventoryTables } from '../database/inventory-tables';
import {
  createNotificationTables,
  notificationStatements,
  type NotificationTables,
} from '../database/notification-tables';
import { createOrderTable, orderStatements, type OrderTable } from '../database/order-tables';
import { bankStatements, createPaymentTables, paymentStatements, type PaymentTables } from '../database/payment-tables';
import type { Statements } from '../database/statement';

/** All tables. */
export interface Tables {
  readonly order: OrderTable;
  readonly inventory: InventoryTables;
  readonly payment: PaymentTables;
  readonly notification: NotificationTables;
  readonly chassis: Readonly<Record<ShortName, ChassisTables>>;
}

/** So many orders for each unit of a rare product. */
const ORDERS_PER_RARE_UNIT = 300;

/** All tables, empty but for the catalogue. */
export const createTables = (orders: number): Tables => ({
  order: createOrderTable(),
  inventory: createInventoryTables(Math.ceil(orders / ORDERS_PER_RARE_UNIT)),
  payment: createPaymentTables(),
  notification: createNotificationTables(),
  chassis: {
    order: createChassisTables(),
    inventory: createChassisTables(),
    payment: createChassisTables(),
    notification: createChassisTables(),
  },
});

/** The statements that each database knows. */
export const statementsOf = (tables: Tables): Readonly<Record<ShortName, Statements>> => ({
  order: { ...chassisStatements(tables.chassis.order), ...orderStatements(tables.order) },
  inventory: { ...chassisStatements(tables.chassis.inventory), ...inventoryStatements(tables.inventory) },
  payment: {
    ...chassisStatements(tables.chassis.payment),
    ...paymentStatements(tables.payment),
    ...bankStatements(tables.payment),
  },
  notification: { ...chassisStatements(tables.chassis.notification), ...notificationStatements(tables.notification) },
});
