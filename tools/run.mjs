// npm test, npm run check, demo, logs, migrate, verify: prepares this copy, then runs the command in this very process.
// `prepare` is the command that does nothing more.
//   node tools/run.mjs <command> [argument ...]
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const [command, ...args] = process.argv.slice(2);
try {
  await prepare({ broker: command === 'test' });
  if (command === 'prepare') process.exit(0);
  const file =
    command === 'test'
      ? join(root, 'node_modules', 'jest', 'bin', 'jest.js')
      : join(root, 'dist', 'tools', `${command}.js`);
  if (!command || !existsSync(file))
    throw new Error(`There is no command ${command ?? '(none)'}: see the scripts in package.json.`);
  process.argv = [process.argv[0], file, ...args];
  createRequire(import.meta.url)(file);
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}
