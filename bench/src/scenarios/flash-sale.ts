import { FLASH } from '../customers/orders';
import { measure } from '../measure/run';
import { setStock } from '../systems/stock';
import { CONNECTIONS } from './burst';
import type { Scenario } from './scenario';

/** Orders for each unit in stock. */
const ORDERS_PER_UNIT = 10;

/** All customers order the same product, of which there is too little. */
export const flashSale: Scenario = {
  name: 'flash-sale',
  about: 'ten times as many orders for one product as there are units of it',
  run: async (bench, { orders, quick }) => {
    const { subject } = bench.product;
    const units = Math.floor(orders / ORDERS_PER_UNIT);
    await setStock(subject, new Map([[FLASH, units]]));
    const job = { kind: 'flash', orders, connections: CONNECTIONS } as const;
    const { figures, settled } = await measure(bench, subject, { job, quick });
    const { CONFIRMED: sold = 0, REJECTED: rejected = 0 } = settled.statuses;
    if (sold !== units || sold + rejected !== orders)
      throw new Error(
        `The flash sale of ${String(units)} units sold ${String(sold)} and rejected ${String(rejected)} of ${String(orders)}.`,
      );
    return { ...figures, units_sold: sold };
  },
};
