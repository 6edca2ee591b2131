import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '../root';

/** One migration of a service: a folder with its `migration.sql`. */
export interface Migration {
  /** The folder's name, for example `20261122000000_init`; migrations apply in the order of their names. */
  name: string;
  sql: string;
  /** SHA-256 of the file, in hexadecimal, as Prisma computes it. */
  checksum: string;
}

/** The migrations of a service, in order, from `prisma/<service>/migrations` or another folder of that form. */
export function readMigrations(
  service: string,
  folder = join(rootFolder, 'prisma', service, 'migrations'),
): Migration[] {
  if (!existsSync(folder)) throw new Error(`There are no migrations for ${service}: ${folder} is missing.`);
  return readdirSync(folder)
    .sort()
    .filter((name) => existsSync(join(folder, name, 'migration.sql')))
    .map((name) => {
      const content = readFileSync(join(folder, name, 'migration.sql'));
      return { name, sql: content.toString('utf8'), checksum: createHash('sha256').update(content).digest('hex') };
    });
}
