import { isIP } from 'node:net';

/** What a service is started with, besides the user's own environment. */
export interface ServiceEnvironment {
  port: number;
  databaseUrl: string;
  rabbitmqUrl: string;
}

/**
 * The address that services listen on: HOST if it is an IP address (some shells and tools set it to a name), else
 * loopback.
 */
function listenAddress(env: NodeJS.ProcessEnv = process.env): string {
  const host = env['HOST'] ?? '';
  return isIP(host) ? host : '127.0.0.1';
}

/** The address at which this machine reaches the services. */
export function localAddress(env: NodeJS.ProcessEnv = process.env): string {
  const host = listenAddress(env);
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIP(host) === 6 ? `[${host}]` : host;
}

/**
 * The environment of a service: the user's (ORDER_DEADLINE_MS, PAYMENT_SUCCESS_RATE, ...) without npm's variables, plus
 * the addresses.
 */
export function serviceEnvironment(
  service: ServiceEnvironment,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const users = Object.entries(env).filter(([name]) => !name.startsWith('npm_'));
  return {
    ...Object.fromEntries(users),
    HOST: listenAddress(env),
    PORT: String(service.port),
    DATABASE_URL: service.databaseUrl,
    RABBITMQ_URL: service.rabbitmqUrl,
  };
}
