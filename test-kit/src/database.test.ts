import { withClient } from '@quadrille/operator/src/migrate/database';
import { readMigrations } from '@quadrille/operator/src/migrate/migrations';
import { services, shortNames } from '@quadrille/operator/src/services';
import { createTestDatabase } from './database';

test.each(shortNames.map((short) => services[short].table.name))(
  '%s gets a migrated database of its own, without rights beyond it',
  async (service) => {
    const [first, second] = await Promise.all([createTestDatabase(service), createTestDatabase(service)]);
    expect(first.url).not.toBe(second.url);
    await withClient(first.url, async (client) => {
      const { rows } = await client.query<{ migration_name: string }>('SELECT migration_name FROM _prisma_migrations');
      expect(rows.map((row) => row.migration_name)).toEqual(readMigrations(service).map(({ name }) => name));
      const { rows: own } = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
      expect(own).toEqual([{ rolsuper: false }]);
    });
    await Promise.all([first.drop(), second.drop()]);
  },
);
