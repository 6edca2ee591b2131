// npm start: prepares this copy, then runs the system in this very process, so that a signal reaches it directly.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.mjs';

try {
  await prepare({ broker: true });
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}
await import(pathToFileURL(join(root, 'dist', 'tools', 'start.js')).href);
