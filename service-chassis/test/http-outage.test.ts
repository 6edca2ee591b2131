/** What is logged about failed requests: one line for an outage, the whole error for a bug. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { createMetrics, inTransaction, openPool, type HttpServer } from '../src';
import { createHttpServer } from '../src/http/server';

/** Nothing listens there: only root may use this port. */
const NOWHERE = 'postgresql://u:p@127.0.0.1:1/nothing';

let lines: unknown[];
let server: HttpServer;
const pool = openPool(NOWHERE, 1, 'thing-service', () => undefined);

beforeEach(async () => {
  lines = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  server = await createHttpServer({
    service: 'thing-service',
    description: 'Keeps things.',
    log: pino({ level: 'warn' }, stream),
    metrics: createMetrics('thing-service'),
    readiness: () => Promise.resolve({ status: 'ready', problems: {} }),
    routes: (of) => {
      of.get('/asks', () => inTransaction(pool, () => Promise.resolve({})));
      of.get('/broken', () => {
        throw new TypeError('a mistake of ours');
      });
    },
  });
});
afterEach(async () => {
  await server.close();
});
afterAll(() => pool.end());

test('a request that the database did not answer is one line with one reason and no stack', async () => {
  expect((await server.inject({ url: '/asks', headers: { 'x-request-id': 'r-1' } })).statusCode).toBe(503);
  expect(lines).toEqual([
    {
      level: 40,
      time: expect.any(Number) as number,
      pid: process.pid,
      hostname: expect.any(String) as string,
      request_id: 'r-1',
      reason: 'connect ECONNREFUSED 127.0.0.1:1',
      msg: 'the database did not answer a request',
    },
  ]);
});

test('a mistake of ours keeps its stack', async () => {
  expect((await server.inject({ url: '/broken' })).statusCode).toBe(500);
  expect(lines).toEqual([
    expect.objectContaining({
      level: 50,
      err: expect.objectContaining({ stack: expect.stringMatching(/mistake of ours\n\s+at /) as string }) as object,
    }),
  ]);
});
