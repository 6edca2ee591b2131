import { createServer, type AddressInfo, type Server } from 'node:net';
import { forward } from './forward';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

// A TCP server that listens has an address of this form.
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Starts an HTTP server on a free port that sends the same line to every request. */
async function startReplica(answer: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${answer}`));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(server);
  return server;
}

async function startIngress(targetPort: number): Promise<string> {
  const ingress = await forward({ port: 0, host: 'localhost', targetPort }, '127.0.0.1');
  servers.push(ingress);
  return `http://127.0.0.1:${String(portOf(ingress))}`;
}

test('a request reaches the replica and its answer comes back', async () => {
  const url = await startIngress(portOf(await startReplica('hello')));
  expect(await (await fetch(url)).text()).toBe('hello');
});

test('without a replica the answer is 503 with Retry-After, and requests go through again as soon as there is one', async () => {
  const gone = await startReplica('gone');
  const port = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  const url = await startIngress(port);
  const response = await fetch(url);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({ status: 503 });

  const back = createServer((socket) => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  servers.push(back);
  await new Promise<void>((resolve) => {
    back.listen(port, '127.0.0.1', resolve);
  });
  expect((await fetch(url)).status).toBe(204);
});

test('a replica that breaks off breaks the connection of its client too', async () => {
  const broken = createServer((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  servers.push(broken);
  await new Promise<void>((resolve) => {
    broken.listen(0, '127.0.0.1', resolve);
  });
  await expect(fetch(await startIngress(portOf(broken)))).rejects.toThrow();
});

test('a port that is taken is an error that names it', async () => {
  const port = portOf(await startReplica('first'));
  await expect(forward({ port, host: 'localhost', targetPort: 1 }, '127.0.0.1')).rejects.toThrow(String(port));
});
