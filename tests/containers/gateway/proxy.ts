/** HAProxy in place of the project's gateway, with the routes that the labels in docker-compose.yml describe. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { docker, type Project } from '../project';

/** How many replicas of a service are found by name; far more than a test starts. */
const REPLICAS_MAX = 5;

const Services = z.object({
  services: z.record(z.string(), z.object({ labels: z.record(z.string(), z.string()).default({}) })),
});

/** What a gateway needs to know of a service. */
interface Route {
  readonly service: string;
  readonly prefixes: readonly string[];
  readonly port: string;
  readonly probe: string;
}

/** Reads the routes from the services' labels, as Traefik does. */
function routesOf(configJson: string): Route[] {
  return Object.entries(Services.parse(JSON.parse(configJson)).services).flatMap(([service, { labels }]) => {
    if (labels['traefik.enable'] !== 'true') return [];
    const label = (end: string): string => Object.entries(labels).find(([name]) => name.endsWith(end))?.[1] ?? '';
    const prefixes = [...label('.rule').matchAll(/PathPrefix\(`([^`]+)`\)/g)].map(([, prefix]) => prefix ?? '');
    return [{ service, prefixes, port: label('.server.port'), probe: label('.healthcheck.path') }];
  });
}

function haproxyConfig(routes: readonly Route[]): string {
  const uses = routes.map(({ service, prefixes }) => `  use_backend ${service} if { path_beg ${prefixes.join(' ')} }`);
  const backends = routes.map(
    ({ service, port, probe }) => `backend ${service}
  balance roundrobin
  option httpchk GET ${probe}
  http-response set-header X-Replica %s
  server-template replica- 1-${String(REPLICAS_MAX)} ${service}:${port} check inter 500ms fall 1 resolvers engine init-addr none`,
  );
  return `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option redispatch 1
  retries 3
  retry-on conn-failure
resolvers engine
  nameserver dns 127.0.0.11:53
  hold valid 1s
frontend web
  bind :8000
${uses.join('\n')}
${backends.join('\n')}
`;
}

const imageOf = (project: Project) => `${project.name}-proxy`;

/** Builds the proxy's image, the slowest step of all; resolves with the function that removes it. */
export async function buildProxy(project: Project): Promise<() => Promise<unknown>> {
  await docker('build', '--quiet', '--tag', imageOf(project), 'tests/containers/gateway');
  return () => docker('image', 'rm', '--force', imageOf(project));
}

/**
 * Starts the proxy in the project's network, published on the gateway's port; resolves with the function that removes
 * it.
 */
export async function startProxy(project: Project): Promise<() => Promise<void>> {
  const image = imageOf(project);
  const folder = mkdtempSync(join(tmpdir(), 'quadrille-proxy-'));
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    haproxyConfig(routesOf(await project.compose('config', '--format', 'json'))),
  );
  const published = `127.0.0.1:${String(project.ports.GATEWAY_PORT)}:8000`;
  await docker('create', '--name', image, '--network', `${project.name}_default`, '--publish', published, image);
  await docker('cp', join(folder, 'haproxy.cfg'), `${image}:/etc/haproxy/haproxy.cfg`);
  rmSync(folder, { recursive: true });
  await docker('start', image);
  return async () => {
    await docker('rm', '--force', image);
  };
}
