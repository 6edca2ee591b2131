/** npm run protocol: writes docs/protocol.md, and the made part of docs/architecture.md, from the services' tables. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCommandLine, runCommand } from '@quadrille/operator/src/command-line';
import { rootFolder } from '@quadrille/operator/src/root';
import { makeDocuments, staleAmong } from '../protocol/documents';

const usage = `npm run protocol -- [--check]
  --check  writes nothing, and fails when the documents are not what the tables say`;

function main(): Promise<void> {
  const { values } = readCommandLine(usage, { options: { check: { type: 'boolean', default: false } } });
  const stale = staleAmong(makeDocuments());
  if (values.check) {
    const wrong = stale.map(({ path }) => `${path} is not what the tables say: npm run protocol`);
    return wrong.length === 0 ? Promise.resolve() : Promise.reject(new Error(wrong.join('\n')));
  }
  for (const { path, text } of stale) {
    writeFileSync(join(rootFolder, path), text);
    process.stdout.write(`${path} written\n`);
  }
  return Promise.resolve();
}

runCommand(main);
