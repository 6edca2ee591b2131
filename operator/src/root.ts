import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json')) && existsSync(join(folder, 'prisma'))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Error(`No Quadrille copy found above ${__dirname}: run the commands from inside the repository.`);
  return findRoot(parent);
}

/** Absolute path of this copy of the repository; the same from a source file and from a bundle. */
export const rootFolder = findRoot(__dirname);

/** The folder of everything that `npm start` writes: databases, broker, logs, secrets. */
export const dataFolder = join(rootFolder, '.data');

/** The same folder for tests, so that a test run and a running system never share a server. */
export const testDataFolder = join(dataFolder, 'test');
