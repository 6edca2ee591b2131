// Runs a command such as `npm test` or `npm run demo`: prepares this copy, then runs the command in this very process.
// The command `prepare` does nothing more.
//   node operator/bootstrap/run.mjs <command> [argument ...]
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** What jest is started with, by command. */
const TESTS = {
  test: [],
  'test:e2e': ['tests/src/'],
  'test:containers': ['--config', 'tests/containers/jest.config.ts'],
};

const [command, ...args] = process.argv.slice(2);
try {
  const tests = TESTS[command];
  // End to end: uses the images of docker compose where there is a container engine (see test-kit/src/servers.ts).
  if (command === 'test:e2e') process.env.E2E_BROKER ??= 'auto';
  await prepare({
    broker:
      command === 'faults' ||
      command === 'bench' ||
      (tests !== undefined && command !== 'test:containers' && process.env.E2E_BROKER !== 'container'),
  });
  if (command === 'prepare') process.exit(0);
  const file = tests
    ? join(root, 'node_modules', 'jest', 'bin', 'jest.js')
    : join(root, 'dist', 'tools', `${command}.js`);
  if (!command || !existsSync(file))
    throw new Error(`There is no command ${command ?? '(none)'}: see the scripts in package.json.`);
  process.argv = [process.argv[0], file, ...(tests ?? []), ...args];
  createRequire(import.meta.url)(file);
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}
