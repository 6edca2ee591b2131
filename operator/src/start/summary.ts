import { relative } from 'node:path';
import { z } from 'zod';
import { rootFolder } from '../root';
import { services, shortNames } from '../services';
import type { Addresses } from './addresses';

const Products = z.object({
  items: z.array(z.object({ product_id: z.string(), name: z.string(), quantity_available: z.number() })),
});

/** The table of addresses and the one command to try, as text. */
export async function summarize(addresses: Addresses, folder: string): Promise<string> {
  const rows: [string, string, string][] = shortNames.map((short) => [
    services[short].table.name,
    addresses[short],
    `${addresses[short]}/docs`,
  ]);
  if (addresses.management && addresses.credentials) {
    const { user, password } = addresses.credentials;
    rows.push(['RabbitMQ management', addresses.management, `user ${user}, password ${password}`]);
  } else {
    rows.push([
      'RabbitMQ',
      new URL(addresses.amqp).host,
      'no management API: services use the credentials of RABBITMQ_URL',
    ]);
  }
  rows.push(['PostgreSQL', new URL(addresses.databases.order).host, 'URLs of the databases in addresses.json']);
  const shown = relative(rootFolder, folder) || folder;
  rows.push(['Logs', `${shown}/logs`, 'npm run logs -- order-service']);
  rows.push(['Addresses', `${shown}/addresses.json`, '']);
  return [
    '',
    ...table(rows),
    '',
    '  Order something:',
    '',
    `  ${await exampleOrder(addresses)}`,
    '',
    '  Then, in another terminal: npm run demo, npm run verify. Ctrl-C here stops everything.',
    '',
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1)];
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}

async function exampleOrder(addresses: Addresses): Promise<string> {
  const response = await fetch(`${addresses.inventory}/products?limit=100`);
  const { items } = Products.parse(await response.json());
  const product = items.find((item) => item.quantity_available > 1) ?? items[0];
  const order = {
    customer_id: 'alice',
    items: [{ product_id: product?.product_id ?? 'unknown', quantity: 1 }],
    payment_method: 'tok_success',
  };
  return `curl -s ${addresses.order}/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' -d '${JSON.stringify(order)}'`;
}
