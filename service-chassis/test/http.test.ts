/** The HTTP shell: what every service answers alike, whatever its routes. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { validate } from '@readme/openapi-parser';
import { startTcpProxy } from '@quadrille/test-kit';
import { pino } from 'pino';
import { z } from 'zod';
import { createMetrics, createServiceHost, layFoundation, noBodySchema, type HttpServer } from '../src';
import { createHttpServer } from '../src/http/server';
import { OverloadedError } from '../src/processing/batcher';
import { configOf } from './fake-service';
import { setStage } from './stage';

const thing = z.strictObject({
  name: z.string().min(1),
  parts: z.array(z.strictObject({ size: z.int().min(1) })).max(2),
});

function addRoutes(server: HttpServer): void {
  server.post('/things', { schema: { body: thing, response: { 200: thing } } }, (request) => request.body);
  server.get('/things/:id', { schema: { params: z.object({ id: z.string().regex(/^[a-z]{1,64}$/) }) } }, (request) => ({
    id: request.params.id,
    traceparent: request.traceparent,
  }));
  server.delete('/things/:id', { schema: { body: noBodySchema } }, () => ({ gone: true }));
  server.get('/busy', () => {
    throw new OverloadedError('full');
  });
  server.get('/broken', () => {
    throw new Error('the secret of the inside');
  });
}

let server: HttpServer;

beforeEach(async () => {
  server = await createHttpServer({
    service: 'thing-service',
    description: 'Keeps things.',
    log: pino({ level: 'silent' }),
    metrics: createMetrics('thing-service'),
    readiness: () => Promise.resolve({ status: 'degraded', problems: { publisher: 'connect ECONNREFUSED' } }),
    routes: addRoutes,
  });
});
afterEach(async () => {
  await server.close();
});

const good = { name: 'n', parts: [] };
const json = { 'content-type': 'application/json' };
const post = (payload: string, headers: Record<string, string> = json) =>
  server.inject({ method: 'POST', url: '/things', payload, headers });

test('a good request is answered', async () => {
  const response = await post(JSON.stringify(good));
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(good);
});

const problems: readonly (readonly [string, () => ReturnType<typeof post>, number, object])[] = [
  [
    'broken JSON',
    () => post('{"name": '),
    400,
    { detail: 'The body is not valid JSON: send one JSON object, with names and texts in double quotes.', errors: [] },
  ],
  ['no body', () => post(''), 400, { detail: expect.stringContaining('empty') as string }],
  ['null', () => post('null'), 400, {}],
  [
    '__proto__',
    () => post('{"__proto__": {"admin": true}, "name": "n", "parts": []}'),
    400,
    { detail: '__proto__: is not a known field; remove it' },
  ],
  [
    '__proto__ further inside',
    () => post('{"name": "n", "parts": [{"size": 1, "\\u005f_proto__": {}}]}'),
    400,
    { detail: 'parts[0].__proto__: is not a known field; remove it' },
  ],
  [
    'constructor',
    () => post('{"constructor": {"prototype": {"a": 1}}, "name": "n", "parts": []}'),
    400,
    { detail: 'constructor: is not a known field; remove it' },
  ],
  ['a field that is missing', () => post('{"parts": []}'), 400, { detail: 'name: is missing' }],
  ['a list for text', () => post('{"name": [], "parts": []}'), 400, { detail: 'name: must be text' }],
  ['text for a list', () => post('{"name": "n", "parts": "p"}'), 400, { detail: 'parts: must be a list' }],
  [
    'text for a number',
    () => post('{"name": "n", "parts": [{"size": "1"}]}'),
    400,
    { detail: 'parts[0].size: must be a number' },
  ],
  [
    'half a piece',
    () => post('{"name": "n", "parts": [{"size": 1.5}]}'),
    400,
    { detail: 'parts[0].size: must be a whole number' },
  ],
  [
    'too many',
    () => post('{"name": "n", "parts": [{"size": 1}, {"size": 1}, {"size": 1}]}'),
    400,
    { detail: 'parts: must have at most 2 items' },
  ],
  [
    'a body where none belongs',
    () => server.inject({ method: 'DELETE', url: '/things/a', payload: { why: 'broken' } }),
    400,
    { detail: 'why: is not a known field; remove it' },
  ],
  [
    'fields at fault',
    () => post(JSON.stringify({ name: '', parts: [{ size: 0 }] })),
    400,
    {
      errors: [
        { field: 'name', message: 'must have at least 1 character' },
        { field: 'parts[0].size', message: 'must be at least 1' },
      ],
    },
  ],
  [
    'an unknown field',
    () => post(JSON.stringify({ ...good, colour: 'red' })),
    400,
    { errors: [{ field: 'colour', message: 'is not a known field; remove it' }] },
  ],
  ['a malformed id', () => server.inject({ url: '/things/UPPER' }), 400, { errors: [{ field: 'id' }] }],
  ['an endless id', () => server.inject({ url: `/things/${'a'.repeat(5_000)}` }), 400, {}],
  ['a broken escape', () => server.inject({ url: '/things/%E0%A4%A' }), 400, {}],
  ['an endless broken escape', () => server.inject({ url: `/things/%E0${'a'.repeat(9_000)}` }), 400, {}],
  ['an endless path', () => server.inject({ url: `/${'a'.repeat(9_000)}` }), 404, {}],
  [
    'an unknown path',
    () => server.inject({ url: '/nothing' }),
    404,
    { detail: expect.stringContaining('/docs') as string },
  ],
  ['another method', () => server.inject({ method: 'DELETE', url: '/things' }), 405, {}],
  ['a body of 1 MB', () => post(JSON.stringify({ ...good, name: 'n'.repeat(1_000_000) })), 413, {}],
  ['text', () => post('hello', { 'content-type': 'text/plain' }), 415, {}],
  ['a form', () => post('a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 415, {}],
  ['no media type', () => post('{}', {}), 415, {}],
  ['a full service', () => server.inject({ url: '/busy' }), 503, {}],
  ['an error of ours', () => server.inject({ url: '/broken' }), 500, {}],
];

test.each(problems)('%s: a problem that says what to do', async (_name, send, status, problem) => {
  const response = await send();
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(response.json()).toMatchObject({ status, type: expect.stringMatching(/^urn:quadrille:problem:/) as string });
  expect(response.json()).toMatchObject(problem);
  expect(response.headers['x-request-id']).toBeTruthy();
  expect(response.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  expect(response.body).not.toContain('secret');
  expect(response.body.length).toBeLessThan(1_500);
});

test.each([undefined, '', '{}', 'null'])('a request that takes no body may come with %j as JSON', async (payload) => {
  const body = payload === undefined ? {} : { payload };
  const response = await server.inject({ method: 'DELETE', url: '/things/a', headers: json, ...body });
  expect([response.statusCode, response.json()]).toEqual([200, { gone: true }]);
});

describe('what Node refuses before there is a request', () => {
  const speak = async (bytes: string) => {
    await server.listen({ host: '127.0.0.1', port: 0 });
    // A late request is late at once here; that it is noticed within the test is the interval's doing.
    Object.assign(server.server, { requestTimeout: 200, headersTimeout: 200 });
    const socket = connect(Number(new URL(server.listeningOrigin).port), '127.0.0.1');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, body: JSON.parse(body) as object };
  };

  test.each([
    ['a malformed header', 'GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['a request that stops half-way', 'GET / HTTP/1.1\r\nHost: a\r\n', 408],
  ])('%s is answered with a problem too', async (_name, bytes, status) => {
    const { head, body } = await speak(bytes);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} .*\\r\\n`));
    expect(head).toMatch(/^content-type: application\/problem\+json/m);
    expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}/m);
    expect(body).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:quadrille:problem:/) as string,
      errors: [],
    });
  });
});

test('a body has no longer to arrive than the whole request: Node takes the longer of its two limits for it', () => {
  expect(server.server).toMatchObject({ headersTimeout: 15_000, requestTimeout: 15_000 });
});

test('a request id is taken over when it is one, and made when not', async () => {
  const answer = async (id: string) =>
    (await server.inject({ url: '/health', headers: { 'x-request-id': id } })).headers['x-request-id'];
  expect(await answer('caller-4711')).toBe('caller-4711');
  expect(await answer('not an id\\n')).toMatch(/^[0-9a-f-]{36}$/);
});

test('the trace of the caller goes on, in the answer too', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const response = await server.inject({
    url: '/things/a',
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
  });
  expect(response.headers['traceparent']).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)`));
  expect(response.json()).toMatchObject({ traceparent: response.headers['traceparent'] });
});

const pathSchema = z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) }));

test('the OpenAPI document is valid, and has the routes', async () => {
  const document = (await server.inject({ url: '/openapi.json' })).json<Parameters<typeof validate>[0] & object>();
  expect(document).toMatchObject({ openapi: '3.1.0', paths: { '/things': { post: {} }, '/readyz': { get: {} } } });
  // The parser resolves references in place.
  const copy = structuredClone(document);
  expect(await validate(document)).toMatchObject({ valid: true });
  const { paths, components } = z
    .object({ paths: z.record(z.string(), pathSchema), components: z.looseObject({}) })
    .parse(copy);
  for (const [path, operations] of Object.entries(paths))
    for (const [method, { responses }] of Object.entries(operations))
      expect([path, method, Object.keys(responses)]).toEqual([
        path,
        method,
        expect.arrayContaining(['200', '4XX', '5XX']),
      ]);
  expect(paths['/things']?.['post']?.responses['4XX']).toMatchObject({
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  expect(Object.keys(z.record(z.string(), z.unknown()).parse(components['schemas']))).toEqual(['Problem']);
});

test('the documentation is a page', async () => {
  const response = await server.inject({ url: '/docs' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toMatch(/text\/html/);
  const script = await server.inject({ url: '/docs/static/swagger-ui-bundle.js' });
  expect(script.statusCode).toBe(200);
});

test('the health of the process, and what the service lacks', async () => {
  for (const url of ['/health', '/livez'])
    expect((await server.inject({ url })).json()).toEqual({ status: 'healthy', service: 'thing-service' });
  const ready = await server.inject({ url: '/readyz' });
  expect(ready.statusCode).toBe(200);
  expect(ready.json()).toEqual({
    status: 'degraded',
    service: 'thing-service',
    problems: { publisher: 'connect ECONNREFUSED' },
  });
});

test('the figures are in the format of Prometheus', async () => {
  const response = await server.inject({ url: '/metrics' });
  expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(response.body).toMatch(/^process_resident_memory_bytes\{service="thing-service"\} \d+/m);
});

test('a service says 503 and names the database when that is down, and is ready again when it is back', async () => {
  const stage = await setStage();
  const proxy = await startTcpProxy(stage.database.url);
  const config = { ...configOf(stage.brokerUrl, proxy.through(stage.database.url)), PORT: 0 };
  const foundation = layFoundation('thing-service', config, pino({ level: 'silent' }));
  const addresses: string[] = [];
  const app = await createServiceHost({
    config,
    foundation,
    participant: { problems: () => ({}), stop: () => Promise.resolve() },
    brokerRequired: true,
    http: {
      service: 'thing-service',
      description: 'Keeps things.',
      routes: (of) => {
        of.addHook('onListen', (done) => {
          addresses.push(of.listeningOrigin);
          done();
        });
        of.get('/asks', () => foundation.pool.query('SELECT 1').then(() => ({})));
      },
    },
  });
  await app.start();
  const ask = (path: string) => fetch(`${addresses[0] ?? ''}${path}`);
  expect((await ask('/readyz')).status).toBe(200);
  await proxy.cut();
  const down = await ask('/readyz');
  expect(down.status).toBe(503);
  expect(await down.json()).toMatchObject({
    status: 'not ready',
    problems: { database: expect.stringMatching(/ECONNREFUSED|terminated/) as string },
  });
  const asked = await ask('/asks');
  expect([asked.status, asked.headers.get('retry-after')]).toEqual([503, '1']);
  await proxy.resume();
  expect((await ask('/readyz')).status).toBe(200);
  await app.stop();
  await proxy.close();
  await stage.close();
});
