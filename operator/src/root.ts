import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json')) && existsSync(join(folder, 'prisma'))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Error(`No Quadrille copy found above ${__dirname}: run the commands from inside the repository.`);
  return findRoot(parent);
}

/** Absolute path of this copy of the repository, found from the source file or the bundle alike. */
export const rootFolder = findRoot(__dirname);

/** Where `npm start` keeps everything it writes: databases, broker, logs, secrets. */
export const dataFolder = join(rootFolder, '.data');

/** Where tests keep theirs, so that a test run and a running system never share a server. */
export const testDataFolder = join(dataFolder, 'test');
