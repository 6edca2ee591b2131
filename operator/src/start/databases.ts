import { applyMigrations } from '../migrate/apply';
import { ensureDatabase, ensureRole, withClient, withCredentials, withDatabase } from '../migrate/database';
import { readMigrations } from '../migrate/migrations';
import { services, shortNames, type ShortName } from '../services';

/** URL of each service's database, with the credentials the service uses. */
export type DatabaseUrls = Record<ShortName, string>;

/** The databases of all services, and the migrations that were applied to each just now. */
export interface Migrated {
  urls: DatabaseUrls;
  applied: { service: string; migrations: string[] }[];
}

/**
 * Creates the four databases and brings them to the newest migration. In the private server each belongs to a role of
 * its own (`passwordOf` given); in a server of the user's own they are named `quadrille_<service>` and used with the
 * given credentials.
 */
export async function prepareDatabases(adminUrl: string, passwordOf?: (name: string) => string): Promise<Migrated> {
  const entries: [ShortName, string][] = [];
  await withClient(adminUrl, async (admin) => {
    for (const name of shortNames) {
      const role = services[name].table.name;
      if (passwordOf) {
        await ensureRole(admin, role, passwordOf(role));
        await ensureDatabase(admin, name, role);
        entries.push([name, withDatabase(withCredentials(adminUrl, role, passwordOf(role)), name)]);
      } else {
        await ensureDatabase(admin, `quadrille_${name}`);
        entries.push([name, withDatabase(adminUrl, `quadrille_${name}`)]);
      }
    }
  });
  // One entry for each short name was just made.
  const urls = Object.fromEntries(entries) as DatabaseUrls;
  return { urls, applied: await migrateAll(urls) };
}

/** Brings the databases of all services to the newest migration. */
export function migrateAll(urls: DatabaseUrls): Promise<Migrated['applied']> {
  return Promise.all(
    shortNames.map(async (name) => {
      const service = services[name].table.name;
      return { service, migrations: await applyMigrations(urls[name], readMigrations(service)) };
    }),
  );
}
