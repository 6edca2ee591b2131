/** A TCP proxy between a service and one of its servers, for faults of the network. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** How slow a network is. */
export interface Slowness {
  /** Delay of everything, in each direction. */
  readonly latencyMs: number;
  /** At most so much more, by chance; the order of the bytes stays. */
  readonly jitterMs: number;
  /** Nothing larger passes in one piece. */
  readonly sliceBytes: number;
}

/** A proxy on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  /** `url` with the proxy's address in place of the server's. */
  through(url: string): string;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Lets nothing through in either direction, and says nothing: connections stay open, new ones are accepted. */
  blackHole(): void;
  /** Ends the connections towards the server alone: the other side hears nothing of it, and nothing any more. New ones are whole. */
  halfOpen(): void;
  /** Each connection, those that are open included, is reset when it has carried so many more bytes towards the server. */
  cutAfter(bytes: number): void;
  slow(slowness: Slowness): void;
  /** Connections that this proxy has reset or halved so far. */
  broken(): number;
  /** Undoes all of the above; what was swallowed is lost, so black-holed connections are reset. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

const WHOLE: Slowness = { latencyMs: 0, jitterMs: 0, sliceBytes: Number.POSITIVE_INFINITY };

function* slicesOf(chunk: Buffer, bytes: number): Generator<Buffer> {
  for (let start = 0; start < chunk.length; start += bytes) yield chunk.subarray(start, start + bytes);
}

/** One direction of a connection. */
interface Carrier {
  carry(chunk: Buffer): void;
  /** Nothing more will be said: the other side hears of it after everything else. */
  end(): void;
}

/**
 * A pipe with latency: every slice arrives its own delay after it was said, however many are on their way, and none before an earlier one.
 * One queue and one timer, since timers of their own would overtake each other by a millisecond, and the bytes with them.
 */
function createCarrier(to: Socket, slowness: () => Slowness): Carrier {
  const underWay: { readonly slice: Buffer; readonly dueMs: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastDueMs = 0;
  let ended = false;
  const deliver = () => {
    timer = undefined;
    const now = performance.now();
    for (let next = underWay[0]; next && next.dueMs <= now; next = underWay[0]) {
      underWay.shift();
      if (!to.destroyed) to.write(next.slice);
    }
    const next = underWay[0];
    if (next) timer = setTimeout(deliver, next.dueMs - now);
    else if (ended) to.destroySoon();
  };
  return {
    carry: (chunk) => {
      const { latencyMs, jitterMs, sliceBytes } = slowness();
      const now = performance.now();
      for (const slice of slicesOf(chunk, sliceBytes)) {
        lastDueMs = Math.max(lastDueMs, now + latencyMs + Math.random() * jitterMs);
        underWay.push({ slice, dueMs: lastDueMs });
      }
      if (timer === undefined) deliver();
    },
    end: () => {
      ended = true;
      if (timer === undefined) deliver();
    },
  };
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes towards the server before the connection is reset. */
  leftBytes: number;
  /** Told nothing and asked nothing any more. */
  halved: boolean;
}

/** Reads along what one client says. */
type Listener = (chunk: Buffer) => void;

/** Starts a proxy to the server of a URL such as postgresql://... or amqp://... `listen` makes a listener for each connection. */
export async function startTcpProxy(target: string, listen?: () => Listener): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<Pair>();
  let swallowing = false;
  let slowness = WHOLE;
  let bytesOfEach = Number.POSITIVE_INFINITY;
  let broken = 0;

  const reset = (pair: Pair) => {
    if (!pairs.delete(pair)) return;
    broken += 1;
    pair.client.resetAndDestroy();
    pair.upstream.resetAndDestroy();
  };
  const forward = (pair: Pair, from: Socket, to: Socket) => {
    const carrier = createCarrier(to, () => slowness);
    from.setNoDelay(true);
    // A reset is what this proxy is for; the other side is closed by 'close'.
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => {
      if (swallowing || pair.halved || to.destroyed) return;
      if (from === pair.client) {
        carrier.carry(chunk.subarray(0, pair.leftBytes));
        pair.leftBytes -= chunk.length;
        if (pair.leftBytes <= 0) setImmediate(reset, pair);
      } else carrier.carry(chunk);
    });
    from.on('close', () => {
      if (from === pair.upstream && pair.halved) return;
      pairs.delete(pair);
      carrier.end();
    });
  };
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(targetPort) });
    const pair: Pair = { client, upstream, leftBytes: bytesOfEach, halved: false };
    pairs.add(pair);
    if (listen) client.on('data', listen());
    forward(pair, client, upstream);
    forward(pair, upstream, client);
  });
  const open = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const resetAll = () => {
    for (const pair of [...pairs]) reset(pair);
  };
  const cut = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    resetAll();
    await closed;
  };

  await open(0);
  // A TCP server that listens has an address of this form; string and null are for pipes and closed servers.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    through: (url) => {
      const parsed = new URL(url);
      parsed.hostname = '127.0.0.1';
      parsed.port = String(port);
      return parsed.toString();
    },
    cut,
    blackHole: () => {
      swallowing = true;
    },
    halfOpen: () => {
      for (const pair of pairs) {
        pair.halved = true;
        broken += 1;
        pair.upstream.destroy();
      }
    },
    cutAfter: (bytes) => {
      bytesOfEach = bytes;
      for (const pair of pairs) pair.leftBytes = bytes;
    },
    slow: (slower) => {
      slowness = slower;
    },
    broken: () => broken,
    resume: async () => {
      if (swallowing) resetAll();
      swallowing = false;
      slowness = WHOLE;
      bytesOfEach = Number.POSITIVE_INFINITY;
      for (const pair of pairs) pair.leftBytes = bytesOfEach;
      if (!server.listening) await open(port);
    },
    close: cut,
  };
}
