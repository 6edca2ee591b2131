// Installs RabbitMQ on a Debian or Ubuntu machine that has none, when run by root. Elsewhere, the start of the broker
// says what to install.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step } from './step.mjs';

/** Debian asks this program before a package's installation starts a service: 101 forbids it, 0 allows it. */
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_ASIDE = `${POLICY}.quadrille-aside`;
const MARK = 'made by quadrille while it installs rabbitmq-server; may be removed';

/**
 * Installs the package rabbitmq-server, where it is missing and can be installed, without starting the system's own
 * broker.
 */
export async function installBroker() {
  restorePolicy(); // of a run that was killed
  if (process.env.RABBITMQ_URL || isInstalled() || process.getuid?.() !== 0 || !onPath('apt-get')) return;
  await step(
    'RabbitMQ installed by apt-get (package rabbitmq-server, not started system-wide)',
    'installing rabbitmq-server with apt-get',
    async () => {
      // The package lists at hand may suffice; if not, the next line fails.
      await aptGet(['update', '-qq']).catch(() => undefined);
      forbidStarting();
      try {
        await aptGet(['install', '-y', '-qq', '--no-install-recommends', 'rabbitmq-server']);
      } finally {
        restorePolicy();
      }
      // A reboot must not start a broker that the user did not ask for.
      if (existsSync('/run/systemd/system'))
        spawnSync('systemctl', ['disable', '--quiet', 'rabbitmq-server'], { stdio: 'ignore' });
    },
  );
}

function isInstalled() {
  return existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server') || onPath('rabbitmq-server');
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

// Starting is forbidden only while this process lives: the file that it leaves behind when it is killed forbids
// nothing.
function forbidStarting() {
  if (existsSync(POLICY)) renameSync(POLICY, POLICY_ASIDE);
  writeFileSync(POLICY, `#!/bin/sh\n# ${MARK}\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`, {
    mode: 0o755,
  });
  process.once('exit', restorePolicy);
}

function restorePolicy() {
  if (process.getuid?.() !== 0) return;
  if (existsSync(POLICY) && readFileSync(POLICY, 'utf8').includes(MARK)) rmSync(POLICY);
  if (existsSync(POLICY_ASIDE) && !existsSync(POLICY)) renameSync(POLICY_ASIDE, POLICY);
}

function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `RabbitMQ can't be installed: apt-get ${args.join(' ')} fails. Install it yourself, or use docker compose up.\n${lastLines(output)}`,
          ),
        );
    });
  });
}

const QUOTED_LINES = 6;
function lastLines(text) {
  return text.trim().split('\n').slice(-QUOTED_LINES).join('\n');
}
