import { forward, type Route } from '../ingress/forward';
import { reportFailure } from '../command-line';

/** `8001=order-service:8001`: a port to listen on, and a host and port to forward to. */
const ROUTE = /^(\d{1,5})=([^:=]+):(\d{1,5})$/;

function parseRoute(text: string): Route {
  const [, port, host, targetPort] = ROUTE.exec(text) ?? [];
  if (port === undefined || host === undefined || targetPort === undefined) {
    throw new Error(`${text} is no route: give port=host:port, such as 8001=order-service:8001.`);
  }
  return { port: Number(port), host, targetPort: Number(targetPort) };
}

/**
 * Forwards one published port to all replicas of a service, in turn: the port of a container can be published only
 * once. Arguments: the routes.
 */
async function ingress(): Promise<void> {
  const routes = process.argv.slice(2).map(parseRoute);
  if (routes.length === 0) throw new Error('Name at least one route, such as 8001=order-service:8001.');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
  for (const route of routes) {
    await forward(route, process.env['HOST'] ?? '127.0.0.1');
    process.stdout.write(`port ${String(route.port)} leads to ${route.host}:${String(route.targetPort)}\n`);
  }
}

ingress().catch((error: unknown) => {
  reportFailure(error);
  process.exit(1);
});
