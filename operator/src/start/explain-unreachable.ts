/**
 * Names the server that does not respond: "connect ECONNREFUSED 127.0.0.1:5673" helps only those who know the ports by
 * heart.
 */
import { connect } from 'node:net';
import { types } from 'node:util';
import { isTransient, reasonOf } from '@quadrille/service-chassis';
import { nodesOf } from '../servers/own-servers';
import { shortNames } from '../services';
import type { Addresses } from './addresses';

/**
 * A server that does not accept a connection within this, in milliseconds, does not run: a running one accepts at once.
 */
const TAKEN_WITHIN_MS = 2_000;

/** The ports of URLs without a port. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  'amqp:': 5672,
  'amqps:': 5671,
  'postgres:': 5432,
  'postgresql:': 5432,
  'http:': 80,
  'https:': 443,
};

/** The servers of a system, and whether docker compose runs them. */
export type Asked = Pick<Addresses, 'amqp' | 'databases' | 'management'> & { readonly docker?: boolean };

interface Server {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Does `work`. When it fails because a server does not respond, the error names that server and says what to do. */
export async function askServers<Result>(asked: Asked, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw await explained(asked, error);
  }
}

/** The broker's message for a queue that does not exist. */
const NO_QUEUE = /no queue '([^']+)'/;

async function explained(asked: Asked, error: unknown): Promise<unknown> {
  const missing = NO_QUEUE.exec(reasonOf(error))?.[1];
  if (missing !== undefined) {
    const remedy = asked.docker
      ? 'docker compose up --build --wait declares it again.'
      : 'End npm start (Ctrl-C) and begin it anew: it declares what is missing.';
    return new Error(`RabbitMQ has no queue ${missing}: somebody has deleted it. ${remedy}`, { cause: error });
  }
  const servers = serversOf(asked);
  const answers = await Promise.all(servers.map(takesConnections));
  const unreachable = servers.filter((_, index) => answers[index] === false);
  const named = unreachable.length > 0 ? unreachable : servers.filter((server) => isMeant(server, error));
  if (named.length === 0 && !isTransient(error)) return error;
  const who = named.map(({ name, host, port }) => `${name} at ${host}:${String(port)}`).join(' and ') || 'A server';
  const advice = asked.docker
    ? 'Does it run? docker compose ps says so, and docker compose up --build --wait starts it.'
    : 'npm start starts a server that died again: try again in a moment. Does it run at all? If not: npm start.';
  return new Error(`${who} ${named.length > 1 ? 'do' : 'does'} not answer (${reasonOf(error)}). ${advice}`, {
    cause: error,
  });
}

/** Whether an error is of this server; asked when all servers accept connections again. */
function isMeant(server: Server, error: unknown): boolean {
  const { name, port } = server;
  // A host with several addresses has an error for each of them.
  if (types.isNativeError(error) && 'errors' in error && Array.isArray(error.errors))
    return error.errors.some((each) => isMeant(server, each));
  // An error of the operating system names a port, or nothing when a connection broke off.
  if (types.isNativeError(error) && 'syscall' in error) return 'port' in error && error.port === port;
  // A database that starts or stops accepts connections, and reports its state in each.
  return name === 'PostgreSQL' && isTransient(error);
}

/** Each server once: the four databases are usually on one server. */
function serversOf({ amqp, databases, management }: Asked): Server[] {
  const all = [
    ...nodesOf(amqp).map((url) => serverAt('RabbitMQ', url)),
    ...(management === null ? [] : [serverAt("RabbitMQ's management API", management)]),
    ...shortNames.map((short) => serverAt('PostgreSQL', databases[short])),
  ];
  return [...new Map(all.map((server) => [`${server.name} ${server.host} ${String(server.port)}`, server])).values()];
}

function serverAt(name: string, url: string): Server {
  const { hostname, port, protocol } = new URL(url);
  return { name, host: hostname, port: port === '' ? (USUAL_PORTS[protocol] ?? 0) : Number(port) };
}

function takesConnections({ host, port }: Server): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: TAKEN_WITHIN_MS });
    const answer = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => {
      answer(true);
    });
    for (const event of ['error', 'timeout'])
      socket.once(event, () => {
        answer(false);
      });
  });
}
