/**
 * A TCP forwarder for docker compose: one published port in front of any number of replicas of a service, because the
 * port of a container can be published only once.
 */
import { lookup } from 'node:dns/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A replica on the same network accepts in under a millisecond; one that takes longer than this, in milliseconds, is
 * gone.
 */
const CONNECT_TIMEOUT_MS = 1000;

/** The response when no replica accepts; it is HTTP, as are all services. */
const UNAVAILABLE = [
  'HTTP/1.1 503 Service Unavailable',
  'Content-Type: application/problem+json',
  'Retry-After: 1',
  'Connection: close',
  '',
  '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"No replica of this service accepts connections."}',
].join('\r\n');

/** A port to listen on, and where it leads. The host name may have the addresses of several replicas. */
export interface Route {
  port: number;
  host: string;
  /** The port the replicas listen on. */
  targetPort: number;
}

/**
 * Forwards TCP connections to the replicas behind a name in turn, passing over those that do not accept. Resolves when
 * it listens on `listenHost`. The name is looked up for each connection, so replicas may come and go.
 */
export async function forward(route: Route, listenHost: string): Promise<Server> {
  let turn = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined); // the client has gone; `close` follows
    turn += 1;
    void open(route, turn).then((replica) => {
      if (!replica) client.end(UNAVAILABLE);
      else if (client.destroyed) replica.destroy();
      else join(client, replica);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(route.port, listenHost, resolve);
  });
  return server;
}

async function open({ host, targetPort }: Route, turn: number): Promise<Socket | undefined> {
  const addresses = await lookup(host, { all: true, family: 4 }).catch(() => []);
  const sorted = addresses.map(({ address }) => address).sort(); // the name server shuffles them
  for (const index of sorted.keys()) {
    const address = sorted[(index + turn) % sorted.length];
    const socket = address === undefined ? undefined : await tryConnect(address, targetPort);
    if (socket) return socket;
  }
  return undefined;
}

function tryConnect(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    const giveUp = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.on('error', giveUp); // also after the promise is resolved: an error without a listener would end the process
    socket.setTimeout(CONNECT_TIMEOUT_MS, giveUp);
    socket.once('connect', () => {
      socket.setTimeout(0, giveUp);
      resolve(socket);
    });
  });
}

function join(client: Socket, replica: Socket): void {
  client.pipe(replica);
  replica.pipe(client);
  // When one side breaks, so does the other: half a request must not look like a whole one.
  for (const [from, to] of [
    [client, replica],
    [replica, client],
  ] as const) {
    from.once('close', (hadError) => {
      if (hadError) to.resetAndDestroy();
      else to.destroySoon();
    });
  }
}
