/** A TCP proxy between a service and one of its servers, for faults of the network. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A proxy on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  /** `url` with the proxy's address in place of the server's. */
  through(url: string): string;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Lets nothing through in either direction, and says nothing: connections stay open, new ones are accepted. */
  blackHole(): void;
  /** Undoes cut() and blackHole(); what was swallowed is lost, so black-holed connections are reset. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** Reads along what one client says. */
type Listener = (chunk: Buffer) => void;

/** Starts a proxy to the server of a URL such as postgresql://... or amqp://... `listen` makes a listener for each connection. */
export async function startTcpProxy(target: string, listen?: () => Listener): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let swallowing = false;

  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A reset is what this proxy is for; the other side is closed by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const forward = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => {
      if (!swallowing && !to.destroyed) to.write(chunk);
    });
    from.on('close', () => to.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(targetPort) });
    for (const socket of [client, upstream]) track(socket);
    if (listen) client.on('data', listen());
    forward(client, upstream);
    forward(upstream, client);
  });
  const open = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const cut = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    reset();
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
    resume: async () => {
      if (swallowing) reset();
      swallowing = false;
      if (!server.listening) await open(port);
    },
    close: cut,
  };
}
