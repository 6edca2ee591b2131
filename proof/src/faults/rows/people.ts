/** Crowds and strangers before the API. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row';

/** Requests of the flood, and connections that it comes over. */
const FLOOD = 3_000;
const FLOOD_CONNECTIONS = 200;

/** Connections that send a header a byte at a time, and never the end. */
const SLOW = 100;

/** The body that is too large. */
const LARGE_BYTES = 10 * 1024 * 1024;

/** The status of one request, or 0 when the connection broke. */
function status(agent: Agent, url: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } });
    sent.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', () => {
      resolve(0);
    });
    sent.end(body);
  });
}

function drip(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined); // being closed by the service is what should happen
  socket.write('POST /orders HTTP/1.1\r\nhost: x\r\nx-slow: ');
  return socket;
}

/** The rows. */
export const peopleRows: readonly Row[] = [
  {
    number: 52,
    group: 'people',
    fault: 'A flood of 3,000 requests, 100 slow-loris connections, a body of 10 MB, keys used with another body',
    expected: '202 or 503 with Retry-After, 413, 422; the other customers are served meanwhile',
    youWillSee: 'statuses in the log, latency while the flood lasts',
    inject: async ({ system, load, recovered, finally: whenOver }) => {
      const url = `${system.services.order.url}/orders`;
      const agent = new Agent({ keepAlive: true, maxSockets: FLOOD_CONNECTIONS });
      const slow = Array.from({ length: SLOW }, () => drip(url));
      const dripping = setInterval(() => {
        for (const socket of slow) if (socket.writable) socket.write('x');
      }, 500);
      whenOver(() => {
        clearInterval(dripping);
        for (const socket of slow) socket.destroy();
        agent.destroy();
        return Promise.resolve();
      });
      const order = JSON.stringify({ customer_id: 'flood', items: [{ product_id: 'nobody-has-it', quantity: 1 }] });
      const flood = await Promise.all(Array.from({ length: FLOOD }, () => status(agent, url, {}, order)));
      const answered = flood.filter((code) => code === 202).length;
      const odd = flood.find((code) => ![202, 429, 503].includes(code));
      if (odd !== undefined) throw new Error(`the flood was answered with ${String(odd)}`);
      const large = await status(agent, url, {}, JSON.stringify({ customer_id: 'c'.repeat(LARGE_BYTES) }));
      // The service may also close the connection before all of it is sent.
      if (![413, 0].includes(large)) throw new Error(`10 MB were answered with ${String(large)}`);
      const key = randomUUID();
      const headers = { 'idempotency-key': key };
      await status(agent, url, headers, order);
      const another = await status(agent, url, headers, order.replace('flood', 'someone'));
      if (another !== 422) throw new Error(`a key with another body was answered with ${String(another)}`);
      const before = load.placed.size;
      await pause(3_000);
      const served = load.placed.size - before;
      await recovered();
      return {
        'requests of the flood answered 202': answered,
        'slow connections held open': slow.length,
        'other orders served meanwhile': served,
      };
    },
  },
];
