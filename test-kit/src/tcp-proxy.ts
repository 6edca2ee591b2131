/** A TCP proxy between a service and one of its servers, for faults of the network. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { createCarrier, NO_SLOWNESS, type Slowness } from './slow-carrier';

/** A proxy on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  /** `url` with the proxy's address in place of the server's. */
  through(url: string): string;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Drops everything in both directions without a sign: connections stay open, new ones are accepted. */
  blackHole(): void;
  /**
   * Ends the open connections on the server's side alone: the client is not told, and receives nothing more. New ones
   * work.
   */
  halfOpen(): void;
  /** Resets each connection, open or new, when it has carried so many more bytes towards the server. */
  cutAfter(bytes: number): void;
  /** Slows down everything that is sent from now on. */
  slow(slowness: Slowness): void;
  /** How many connections this proxy has reset or half-closed so far. */
  broken(): number;
  /** Undoes all of the above. Dropped bytes are lost, so connections whose bytes were dropped are reset. */
  resume(): Promise<void>;
  /** Resets all connections and closes the proxy. */
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes towards the server before the connection is reset. */
  leftBytes: number;
  /** Half-closed: the client's bytes are dropped, and it receives nothing more. */
  halfOpen: boolean;
}

/** Reads along what one client sends. */
type Listener = (chunk: Buffer) => void;

type Faults = Pick<TcpProxy, 'blackHole' | 'halfOpen' | 'cutAfter' | 'slow' | 'broken'>;

/** The connections of one proxy, and the faults that they suffer. */
interface Connections {
  readonly faults: Faults;
  /** Forwards between a client and the server. */
  add(client: Socket, upstream: Socket): void;
  /** Resets all. */
  resetAll(): void;
  /** Ends all faults; see `TcpProxy.resume`. */
  heal(): void;
}

function createConnections(): Connections {
  const pairs = new Set<Pair>();
  let dropping = false;
  let slowness = NO_SLOWNESS;
  let bytesOfEach = Number.POSITIVE_INFINITY;
  let broken = 0;

  const reset = (pair: Pair) => {
    if (!pairs.delete(pair)) return;
    broken += 1;
    pair.client.resetAndDestroy();
    pair.upstream.resetAndDestroy();
  };
  const resetAll = () => {
    for (const pair of [...pairs]) reset(pair);
  };
  const limitBytes = (bytes: number) => {
    bytesOfEach = bytes;
    for (const pair of pairs) pair.leftBytes = bytes;
  };
  const forward = (pair: Pair, from: Socket, to: Socket) => {
    const carrier = createCarrier(to, () => slowness);
    from.setNoDelay(true);
    // A reset is what this proxy is for; 'close' follows, which closes the other side.
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => {
      if (dropping || pair.halfOpen || to.destroyed) return;
      if (from === pair.client) {
        carrier.carry(chunk.subarray(0, pair.leftBytes));
        pair.leftBytes -= chunk.length;
        if (pair.leftBytes <= 0) setImmediate(reset, pair);
      } else carrier.carry(chunk);
    });
    from.on('close', () => {
      if (from === pair.upstream && pair.halfOpen) return;
      pairs.delete(pair);
      carrier.end();
    });
  };

  return {
    add: (client, upstream) => {
      const pair: Pair = { client, upstream, leftBytes: bytesOfEach, halfOpen: false };
      pairs.add(pair);
      forward(pair, client, upstream);
      forward(pair, upstream, client);
    },
    resetAll,
    faults: {
      blackHole: () => {
        dropping = true;
      },
      halfOpen: () => {
        for (const pair of pairs) {
          pair.halfOpen = true;
          broken += 1;
          pair.upstream.destroy();
        }
      },
      cutAfter: limitBytes,
      slow: (slower) => {
        slowness = slower;
      },
      broken: () => broken,
    },
    heal: () => {
      if (dropping) resetAll();
      dropping = false;
      slowness = NO_SLOWNESS;
      limitBytes(Number.POSITIVE_INFINITY);
    },
  };
}

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Starts a proxy to the server of a URL such as postgresql://... or amqp://... For each connection, `listen` may create
 * a listener of the bytes that the client sends.
 */
export async function startTcpProxy(target: string, listen?: () => Listener): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const connections = createConnections();
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(targetPort) });
    if (listen) client.on('data', listen());
    connections.add(client, upstream);
  });
  const cut = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    connections.resetAll();
    await closed;
  };

  await listenOn(server, 0);
  // A TCP server that listens has an address of this form; string and null are for pipes and closed servers.
  const { port } = server.address() as AddressInfo;
  return {
    ...connections.faults,
    port,
    through: (url) => {
      const parsed = new URL(url);
      parsed.hostname = '127.0.0.1';
      parsed.port = String(port);
      return parsed.toString();
    },
    cut,
    resume: async () => {
      connections.heal();
      if (!server.listening) await listenOn(server, port);
    },
    close: cut,
  };
}
