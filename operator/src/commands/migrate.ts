import { dataFolder } from '../root';
import { ownServers } from '../servers/own-servers';
import { readAddresses } from '../start/addresses';
import { askServers } from '../start/explain-unreachable';
import { migrateAll, prepareDatabases, type Migrated } from '../start/databases';
import { runCommand } from '../command-line';

function migrateRunning(): Promise<Migrated['applied']> {
  const addresses = readAddresses(dataFolder);
  return askServers(addresses, () => migrateAll(addresses.databases));
}

/** Brings the databases of DATABASE_URL, or else of the running system, to the newest migration. */
async function migrate(): Promise<void> {
  const { databaseUrl } = ownServers();
  const applied = databaseUrl ? (await prepareDatabases(databaseUrl)).applied : await migrateRunning();
  for (const { service, migrations } of applied) {
    process.stdout.write(`${service}: ${migrations.length > 0 ? `applied ${migrations.join(', ')}` : 'up to date'}\n`);
  }
}

runCommand(migrate);
