import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const perService = z.object({
  order: z.string(),
  inventory: z.string(),
  payment: z.string(),
  notification: z.string(),
});

const AddressesSchema = perService.extend({
  /** Management UI and API of the broker; null when there is none. */
  management: z.string().nullable(),
  /** Credentials of the management UI; null when there is none. */
  credentials: z.object({ user: z.string(), password: z.string() }).nullable(),
  /** The administrator's AMQP URL. */
  amqp: z.string(),
  /** URLs with credentials. */
  databases: perService,
});

/** The addresses of the running system: services, broker, databases. */
export type Addresses = z.infer<typeof AddressesSchema>;

const fileIn = (folder: string): string => join(folder, 'addresses.json');

/** Writes `addresses.json` (mode 600: it holds passwords). */
export function writeAddresses(folder: string, addresses: Addresses): void {
  removeAddresses(folder); // a file that exists keeps its mode
  writeFileSync(fileIn(folder), `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 });
}

/** Reads the addresses of the running system. Fails, naming `npm start`, when none was started. */
export function readAddresses(folder: string): Addresses {
  if (!existsSync(fileIn(folder))) throw new Error('Quadrille does not run here: npm start');
  return AddressesSchema.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')));
}

/** Removes the file when the system stops. */
export function removeAddresses(folder: string): void {
  rmSync(fileIn(folder), { force: true });
}
