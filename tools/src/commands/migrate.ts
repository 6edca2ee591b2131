import { dataFolder } from '../root';
import { ownServers } from '../servers/own-servers';
import { readAddresses } from '../start/addresses';
import { migrateAll, prepareDatabases } from '../start/databases';

/** Brings the databases of DATABASE_URL, or else of the running system, to the newest migration. */
async function migrate(): Promise<void> {
  const { databaseUrl } = ownServers();
  const applied = databaseUrl
    ? (await prepareDatabases(databaseUrl)).applied
    : await migrateAll(readAddresses(dataFolder).databases);
  for (const { service, migrations } of applied) {
    process.stdout.write(`${service}: ${migrations.length > 0 ? `applied ${migrations.join(', ')}` : 'up to date'}\n`);
  }
}

migrate().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
