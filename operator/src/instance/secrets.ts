import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Secrets = z.record(z.string(), z.string().min(1));

/** 144 bits: not guessable, and without characters that a URL would have to escape. */
const PASSWORD_BYTES = 18;

/**
 * Returns a function from a name to its password, which is random, made on first use and kept in `secrets.json` (mode
 * 600) of the data folder.
 */
export function openSecrets(folder: string): (name: string) => string {
  const file = join(folder, 'secrets.json');
  const known = existsSync(file) ? Secrets.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  return (name) => {
    const password = (known[name] ??= randomBytes(PASSWORD_BYTES).toString('base64url'));
    // Written to another file and renamed: a crash in between must not lose the passwords of existing databases.
    writeFileSync(`${file}.new`, JSON.stringify(known, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return password;
  };
}
