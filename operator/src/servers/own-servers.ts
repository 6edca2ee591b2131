import { reasonOf } from '@quadrille/service-chassis';
import { connectManagement, type Management } from '../topology/management';

/** The usual port of the management API, used on the broker's host when RABBITMQ_MANAGEMENT_URL is not set. */
const MANAGEMENT_PORT = 15672;

/** Servers of the user's own, named by the environment. One that is not named is started privately. */
export interface OwnServers {
  databaseUrl: string | undefined;
  amqpUrl: string | undefined;
  managementUrl: string | undefined;
}

const PROTOCOLS = {
  DATABASE_URL: ['postgresql:', 'postgres:'],
  RABBITMQ_URL: ['amqp:', 'amqps:'],
  RABBITMQ_MANAGEMENT_URL: ['http:', 'https:'],
};

/** Reads DATABASE_URL, RABBITMQ_URL and RABBITMQ_MANAGEMENT_URL. Fails, naming each of them that is no valid URL. */
export function ownServers(env: NodeJS.ProcessEnv = process.env): OwnServers {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const wrong = Object.entries(PROTOCOLS).filter(([name, protocols]) => {
    const url = given(name);
    return url !== undefined && !nodesOf(url).every((node) => protocols.includes(protocolOf(node)));
  });
  if (wrong.length > 0) {
    throw new Error(
      wrong
        .map(([name, protocols]) => `${name} must be a URL that begins with ${protocols.join('// or ')}//`)
        .join('\n'),
    );
  }
  return {
    databaseUrl: given('DATABASE_URL'),
    amqpUrl: given('RABBITMQ_URL'),
    managementUrl: given('RABBITMQ_MANAGEMENT_URL'),
  };
}

/** The URLs in RABBITMQ_URL: one, or those of the nodes of a cluster. */
export const nodesOf = (urls: string): string[] => urls.split(',').map((url) => url.trim());

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

/**
 * The management API of a broker, with the credentials of its AMQP URL: at `managementUrl` or, without one, at port
 * 15672 of the broker's host. Undefined when it does not respond or the user is no administrator.
 */
export async function findManagement(
  amqpUrl: string,
  managementUrl: string | undefined,
): Promise<Management | undefined> {
  const { hostname, username, password } = new URL(amqpUrl);
  const management = connectManagement({
    url: managementUrl?.replace(/\/$/, '') ?? `http://${hostname}:${String(MANAGEMENT_PORT)}`,
    user: decodeURIComponent(username) || 'guest',
    password: decodeURIComponent(password) || 'guest',
  });
  return (await management.isAdministrator()) ? management : undefined;
}

/** The virtual host that an AMQP URL names; `/` when it names none. */
export function virtualHostOf(amqpUrl: string): string {
  const path = new URL(amqpUrl).pathname;
  return path.length > 1 ? decodeURIComponent(path.slice(1)) : '/';
}

/** Returns an error that names the variable by which an unreachable server was configured. */
export function unreachable(variable: keyof typeof PROTOCOLS, url: string, error: unknown): Error {
  const reason = reasonOf(error);
  return new Error(
    `The server of ${variable} (${new URL(nodesOf(url)[0] ?? '').host}) can't be used: ${reason}. Check that it runs and that the URL is right.`,
    {
      cause: error,
    },
  );
}
