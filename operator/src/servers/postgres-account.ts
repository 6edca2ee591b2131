import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from './child';

/** The account PostgreSQL runs under, and how to reach it. PostgreSQL refuses to run as root. */
export interface Account {
  /** Makes the account the owner of a file or folder. */
  own(path: string): void;
  /** Changes a command so that it runs under the account. */
  run(command: Command): Command;
}

/**
 * Accounts that are tried when root starts PostgreSQL, in this order: the one meant for it, then the one that every
 * system has.
 */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * Chooses the account for the data in `dataFolder` with the programs in `binFolder`. For an ordinary user it is that
 * user. For root it is the owner of existing data, else `postgres` or `nobody`; no account is created. When the account
 * may not enter a folder above the clone (such as /root, or one made by mktemp), it gets the one capability it lacks,
 * so that the data stays in the clone.
 */
export function chooseAccount(dataFolder: string, binFolder: string): Account {
  if (process.getuid?.() !== 0) return { own: () => undefined, run: (command) => command };
  const { uid, gid } = existsSync(dataFolder) ? statSync(dataFolder) : findAccount();
  const own = (path: string): void => {
    chownSync(path, uid, gid);
  };
  const plain = (command: Command): Command => ({ ...command, uid, gid });
  const capable = (command: Command): Command => ({
    ...command,
    command: 'setpriv',
    args: [
      `--reuid=${String(uid)}`,
      `--regid=${String(gid)}`,
      '--clear-groups',
      '--securebits=+no_setuid_fixup', // otherwise access(2), which initdb calls, ignores the capability
      '--inh-caps=-all,+dac_override',
      '--ambient-caps=-all,+dac_override',
      command.command,
      ...command.args,
    ],
  });
  for (const run of [plain, capable]) if (canRun(run, dirname(dataFolder), binFolder)) return { own, run };
  throw new Error(
    `PostgreSQL must not run as root, and the account ${String(uid)} may not enter ${binFolder}. ` +
      'Start as an ordinary user, or move this copy to a folder that others may enter (chmod o+x on each folder above it).',
  );
}

function canRun(run: (command: Command) => Command, folder: string, binFolder: string): boolean {
  const script = 'cd "$1" && exec "$2"/postgres --version';
  const { command, args, ...options } = run({ command: 'sh', args: ['-c', script, 'sh', folder, binFolder], env: {} });
  return spawnSync(command, args, { ...options, env: { PATH: process.env['PATH'] }, cwd: '/' }).status === 0;
}

function findAccount(): { uid: number; gid: number } {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const name of CANDIDATES) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL must not run as root, and this machine has neither a postgres nor a nobody account: start as an ordinary user.',
  );
}
