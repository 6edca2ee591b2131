// Generates the Prisma clients whose schema changed and bundles every service and every command. Each bundle is built
// anew, which takes about a second.
//   node operator/bootstrap/build.mjs [--generate]     --generate: the Prisma clients only
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = join(root, 'dist');
const services = ['order-service', 'inventory-service', 'payment-service', 'notification-service'];
const workspaces = ['shared-events', 'service-chassis', ...services, 'operator', 'proof', 'bench'];
/** The benchmark: its command, and the processes it starts. */
const bench = {
  'tools/bench': 'src/main.ts',
  'bench/baseline': 'baseline/main.ts',
  'bench/ceilings': 'src/ceilings/main.ts',
  'bench/customers': 'src/customers/main.ts',
};

/** Generates, in parallel, the Prisma clients whose schema (or Prisma itself) changed since the last time. */
export async function generate() {
  const version = readFileSync(join(root, 'node_modules', 'prisma', 'package.json'), 'utf8');
  await Promise.all(
    services.map(async (service) => {
      const schema = join(root, 'prisma', service, 'schema.prisma');
      if (!existsSync(schema)) return;
      const stamp = join(root, service, 'generated', 'schema.sha256');
      const hash = createHash('sha256').update(readFileSync(schema)).update(version).digest('hex');
      if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
      rmSync(join(root, service, 'generated'), { recursive: true, force: true });
      await runPrisma(['generate', '--schema', schema]);
      mkdirSync(dirname(stamp), { recursive: true });
      writeFileSync(stamp, hash);
    }),
  );
}

function runPrisma(args) {
  // Generating needs no schema engine, but Prisma would fetch that binary first, from a host that is not a package
  // registry.
  const unused = existsSync('/bin/true') ? '/bin/true' : '/usr/bin/true';
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: unused,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  const cli = join(root, 'node_modules', 'prisma', 'build', 'index.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`prisma ${args.join(' ')} fails:\n${output.trim()}`)),
    );
  });
}

/** Bundles the services and commands into dist/, unless no source changed since the last time. */
export async function bundle() {
  const state = sourceState();
  const stamp = join(dist, 'sources.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  const { build, stop } = await import('esbuild');
  try {
    await build({
      entryPoints: entryPoints(),
      outdir: dist,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      sourcemap: 'linked',
      logLevel: 'error',
      plugins: [bundleOwnPackages],
    });
  } finally {
    await stop();
  }
  writeFileSync(stamp, state);
}

function entryPoints() {
  return [
    ...services
      .map((service) => ({ in: join(root, service, 'src', 'main.ts'), out: service }))
      .filter((entry) => existsSync(entry.in)),
    ...['operator', 'proof'].flatMap(commandsOf),
    ...Object.entries(bench)
      .map(([out, file]) => ({ in: join(root, 'bench', file), out }))
      .filter((entry) => existsSync(entry.in)),
  ];
}

/** The commands of a package: each is a bundle named like its file, in dist/tools/. */
function commandsOf(workspace) {
  const folder = join(root, workspace, 'src', 'commands');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => ({ in: join(folder, file), out: `tools/${file.slice(0, -'.ts'.length)}` }));
}

/** Our own packages go into the bundle; what npm installed stays in node_modules. */
const bundleOwnPackages = {
  name: 'bundle-own-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return undefined;
      if (!path.startsWith('@quadrille/')) return { path, external: true };
      const [, name, ...inside] = path.split('/');
      if (inside.length > 0) return { path: join(root, name, `${inside.join('/')}.ts`) };
      return { path: join(root, name, JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')).main) };
    });
  },
};

/** A fingerprint of everything that goes into the bundles: path, size and time of each source file. */
function sourceState() {
  const hash = createHash('sha256').update(process.version);
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  add(fileURLToPath(import.meta.url));
  for (const workspace of workspaces) {
    add(join(root, workspace, 'package.json'));
    for (const folder of ['src', 'baseline', 'generated']) {
      const path = join(root, workspace, folder);
      if (!existsSync(path)) continue;
      for (const file of readdirSync(path, { recursive: true }).sort()) if (file.endsWith('.ts')) add(join(path, file));
    }
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generate();
  if (!process.argv.includes('--generate')) await bundle();
}
