import { createProgress } from '../start/progress';
import { readSetup, setUp } from '../set-up/set-up';
import { runCommand } from '../command-line';

/**
 * Prepares servers for services that run elsewhere, then ends: databases, roles and migrations; exchanges, queues and
 * users. What docker compose and a cluster's job run before the services. Idempotent; safe beside running services.
 */
async function setup(): Promise<void> {
  await setUp(readSetup(process.env), createProgress());
}

runCommand(setup);
