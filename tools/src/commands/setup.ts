import { createProgress } from '../start/progress';
import { readSetup, setUp } from '../setup/set-up';

/**
 * Prepares servers for services that run elsewhere, then ends: databases, roles and migrations; exchanges, queues and users.
 * What docker compose and a cluster's job run before the services. Idempotent; safe beside running services.
 */
async function setup(): Promise<void> {
  await setUp(readSetup(process.env), createProgress());
}

setup().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
